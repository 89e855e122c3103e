#include "http/accept_encoding.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

// The names of what is accepted, in order.
std::string Accepted(std::string_view accept_encoding,
                     const std::vector<ContentCoding>& offered = {ContentCoding::kBrotli, ContentCoding::kZstd,
                                                                  ContentCoding::kGzip}) {
  std::string names;
  for (const ContentCoding coding : ParseAcceptEncoding(accept_encoding, offered)) {
    if (!names.empty()) names += ' ';
    names += CodingName(coding);
  }
  return names;
}

TEST(AcceptEncodingTest, OfEqualWeightTheServersOrderHolds) {
  EXPECT_EQ(Accepted("gzip, deflate, br, zstd"), "br zstd gzip");
  EXPECT_EQ(Accepted("gzip, br", {ContentCoding::kGzip, ContentCoding::kBrotli}), "gzip br");
  EXPECT_EQ(Accepted("gzip, br", {ContentCoding::kZstd}), "");
}

TEST(AcceptEncodingTest, WeightsComeFirst) {
  EXPECT_EQ(Accepted("br;q=0.5, gzip;q=0.8"), "gzip br");
  EXPECT_EQ(Accepted("br; q=0.999 ,gzip ; Q=1.000"), "gzip br");
  EXPECT_EQ(Accepted("br;q=0, gzip"), "gzip");
}

TEST(AcceptEncodingTest, AStarStandsForWhatIsNotNamed) {
  EXPECT_EQ(Accepted("*"), "br zstd gzip");
  EXPECT_EQ(Accepted("*;q=0.5, gzip;q=0.1"), "br zstd gzip");
  EXPECT_EQ(Accepted("*;q=0"), "");
  EXPECT_EQ(Accepted("*;q=0, zstd"), "zstd");
  EXPECT_EQ(Accepted("br;q=0, *"), "zstd gzip");
}

TEST(AcceptEncodingTest, ABodyAsItIsMayBeLikedBetter) {
  EXPECT_EQ(Accepted("identity"), "");
  EXPECT_EQ(Accepted("identity, br;q=0.5"), "");
  EXPECT_EQ(Accepted("identity;q=0.5, br;q=0.5, gzip;q=0.4"), "br");
  EXPECT_EQ(Accepted("identity;q=0, gzip;q=0.001"), "gzip");
}

TEST(AcceptEncodingTest, NamesAreReadInAnyCase) { EXPECT_EQ(Accepted("BR, X-Gzip"), "br gzip"); }

TEST(AcceptEncodingTest, WhatTheGrammarHasNotIsPassedOver) {
  for (const char* wrong : {"", ",", ";", "br;", "br;q", "br;q=", "br;q=2", "br;q=1.001", "br;q=0.1234", "br;q=-1",
                            "br;level=5", "b r", "brotli", "\xFF", "br;q=.5"}) {
    EXPECT_EQ(Accepted(wrong), "") << wrong;
  }
  EXPECT_EQ(Accepted("br;q=x, gzip"), "gzip");
}

TEST(AcceptEncodingTest, ALongListIsReadInPart) {
  std::string list;
  for (int i = 0; i < 10000; ++i) list += "x,";
  EXPECT_EQ(Accepted("gzip," + list + "br"), "gzip");
}

TEST(AcceptEncodingTest, TheLastAnswerIsOfTheLastText) {
  const std::vector<ContentCoding> offered{ContentCoding::kBrotli, ContentCoding::kGzip};
  AcceptedCodings accepted;
  EXPECT_EQ(accepted.Of("gzip", offered).front(), ContentCoding::kGzip);
  EXPECT_EQ(accepted.Of("br", offered).front(), ContentCoding::kBrotli);
  EXPECT_EQ(accepted.Of("br", offered).front(), ContentCoding::kBrotli);
}

}  // namespace
}  // namespace kck

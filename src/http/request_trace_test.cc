#include "http/request_trace.h"

#include <gtest/gtest.h>

#include <set>

namespace kck {
namespace {

constexpr std::string_view kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string With(std::size_t at, char c) {
  std::string text = kParent;
  text.at(at) = c;
  return text;
}

TEST(TraceparentTest, IsReadAsTheRecommendationSays) {
  const auto parent = ParseTraceparent(kParent);
  ASSERT_TRUE(parent);
  EXPECT_EQ(parent->trace_id, kTraceId);
  EXPECT_TRUE(parent->sampled);
  EXPECT_FALSE(ParseTraceparent(With(54, '0'))->sampled);
  EXPECT_TRUE(ParseTraceparent(With(54, '3'))->sampled) << "other flags say nothing";
  EXPECT_TRUE(ParseTraceparent("01" + kParent.substr(2) + "-more")) << "a later version may say more";
}

TEST(TraceparentTest, WhatIsNoneIsLeftAside) {
  const std::string zeros(32, '0');
  for (const std::string& text :
       {std::string(), kParent.substr(1), kParent + "-more", kParent + "0", With(2, '_'), With(10, 'A'), With(54, 'g'),
        "ff" + kParent.substr(2), "01" + kParent.substr(2) + "more", "00-" + zeros + kParent.substr(35),
        kParent.substr(0, 36) + zeros.substr(0, 16) + "-01"}) {
    EXPECT_FALSE(ParseTraceparent(text)) << text;
  }
}

TEST(RequestIdTest, TakesWhatCanStandInALine) {
  EXPECT_TRUE(IsRequestId("a"));
  EXPECT_TRUE(IsRequestId("01HZX-9_f.b:c/d+e=@"));
  EXPECT_TRUE(IsRequestId(std::string(128, 'x')));
  for (const std::string& text : {std::string(), std::string(129, 'x'), std::string("a b"), std::string("a\"b"),
                                  std::string("a\r\nb"), std::string("é")}) {
    EXPECT_FALSE(IsRequestId(text)) << text;
  }
}

TEST(RequestNamesTest, TheClientsIdComesFirstThenItsTraces) {
  RequestNames names;
  Request request;
  request.request_id = "mine-7";
  request.traceparent = kParent;
  const TracePtr both = names.NameFor(request);
  EXPECT_EQ(both->request_id, "mine-7");
  EXPECT_EQ(both->trace_id, kTraceId);
  EXPECT_EQ(both->Traceparent(), "00-" + std::string(kTraceId) + "-" + both->span_id + "-01");
  EXPECT_EQ(both->span_id.size(), 16U);
  EXPECT_TRUE(ParseTraceparent(both->Traceparent()));
  EXPECT_NE(both->span_id, kParent.substr(36, 16)) << "this node is a hop of its own";
  request.request_id = "not a\tgood one";
  EXPECT_EQ(names.NameFor(request)->request_id, kTraceId);
}

TEST(RequestNamesTest, NewIdsDoNotRepeat) {
  RequestNames one;
  RequestNames other;
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.insert(one.NameFor({})->request_id);
    ids.insert(other.NameFor({})->request_id);
  }
  EXPECT_EQ(ids.size(), 2000U);
  EXPECT_EQ(ids.begin()->size(), 16U);
}

}  // namespace
}  // namespace kck

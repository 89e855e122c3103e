#include "http/cors.h"

#include <gmock/gmock.h>

namespace kck {
namespace {

using testing::HasSubstr;
using testing::Not;

CorsSettings Of(std::vector<std::string> origins) {
  CorsSettings cors;
  cors.origins = std::move(origins);
  return cors;
}

std::string Headers(const CorsSettings& cors, std::string_view origin) {
  std::string out;
  AppendCorsHeaders(out, cors, origin);
  return out;
}

TEST(Cors, NamesTheOriginThatIsAllowed) {
  CorsSettings cors = Of({"https://a.example", "https://b.example:8443"});
  EXPECT_THAT(Headers(cors, "https://a.example"), HasSubstr("Access-Control-Allow-Origin: https://a.example\r\n"));
  for (const char* other : {"https://a.example.evil.example", "http://a.example", "https://a.example:443",
                            "https://A.example", "null", "", "https://b.example"}) {
    EXPECT_EQ(Headers(cors, other), "Vary: Origin\r\n") << other;
  }
  EXPECT_THAT(Headers(cors, "https://a.example"), Not(HasSubstr("Credentials")));
  cors.credentials = true;
  EXPECT_THAT(Headers(cors, "https://a.example"), HasSubstr("Access-Control-Allow-Credentials: true\r\n"));
}

TEST(Cors, OfEveryOriginNamesNone) {
  CorsSettings cors;
  cors.every_origin = true;
  EXPECT_THAT(Headers(cors, "https://a.example"), HasSubstr("Access-Control-Allow-Origin: *\r\n"));
  EXPECT_THAT(Headers(cors, "https://a.example"), Not(HasSubstr("Vary")));
  EXPECT_THAT(Headers(cors, "https://a.example"), HasSubstr("KCK-State"));
}

TEST(Cors, ForgeriesAreWritesOfOtherSites) {
  const CorsSettings cors = Of({"https://a.example"});
  Request request;
  request.method = Method::kPost;
  EXPECT_FALSE(IsForgery(cors, request)) << "what is no browser";
  request.fetch_site = "same-origin";
  EXPECT_FALSE(IsForgery(cors, request));
  request.fetch_site = "none";
  EXPECT_FALSE(IsForgery(cors, request)) << "by the user's own hand";
  for (const char* site : {"cross-site", "same-site", "new-word"}) {
    request.fetch_site = site;
    request.origin = "https://b.example";
    EXPECT_TRUE(IsForgery(cors, request)) << site;
    request.origin = "null";
    EXPECT_TRUE(IsForgery(cors, request)) << site;
    request.origin = "https://a.example";
    EXPECT_FALSE(IsForgery(cors, request)) << site;
  }
  request.origin = "https://b.example";
  request.method = Method::kGet;
  EXPECT_FALSE(IsForgery(cors, request));
}

TEST(Cors, APreflightIsNoOtherRequest) {
  Request request;
  request.method = Method::kOptions;
  request.origin = "https://a.example";
  EXPECT_FALSE(IsPreflight(request));
  request.asks_for_method = true;
  EXPECT_TRUE(IsPreflight(request));
  request.method = Method::kGet;
  EXPECT_FALSE(IsPreflight(request));
}

}  // namespace
}  // namespace kck

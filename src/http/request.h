// One HTTP request as the calls see it: the request line, the few headers that KCK looks at, the body.
//
// Belongs to one connection, which uses the same object for request after request, so that its strings keep their
// memory.
#pragma once

#include <cstdint>
#include <string>

namespace kck {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kOther };

struct Request {
  Method method = Method::kOther;
  int version = 11;        // 10 or 11
  bool keep_alive = true;  // what the client asks for
  bool has_if_match = false;
  bool has_kck_after = false;
  bool has_authorization = false;
  bool asks_for_method = false;  // Access-Control-Request-Method is there
  std::string target;            // as sent: path and query, still percent-encoded
  std::string if_match;
  std::string if_none_match;  // several headers of the name are joined by commas
  std::string kck_after;      // likewise
  std::string kck_lease;      // likewise
  std::string authorization;  // as sent
  std::string content_type;
  std::string origin;           // of the page, where a browser makes the request for one
  std::string fetch_site;       // Sec-Fetch-Site
  std::string accept_encoding;  // several headers of the name are joined by commas
  std::string forwarded_for;    // X-Forwarded-For, likewise
  std::string request_id;       // X-Request-Id
  std::string traceparent;
  std::string body;  // without its transfer coding

  void Clear();
};

}  // namespace kck

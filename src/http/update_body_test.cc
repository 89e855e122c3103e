// Bodies of writes: what is read of JSON and forms, and what is refused.
#include "http/update_body.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/json.h"

namespace kck {
namespace {

using Kind = WriteField::Kind;
using testing::HasSubstr;

constexpr const char* kJson = "application/json";
constexpr const char* kForm = "application/x-www-form-urlencoded";

// "name:kind text; …", or the error's message.
std::string Read(std::string_view type, std::string_view body) {
  const auto fields = ReadWriteBody(type, body);
  if (!fields) {
    EXPECT_EQ(fields.error().code, ErrorCode::kBadRequest);
    return fields.error().message;
  }
  std::string text;
  for (const WriteField& field : *fields) {
    constexpr const char* kKinds[] = {"form", "text", "number", "bool", "null"};
    text += fmt::format("{}:{} {};", field.name, kKinds[static_cast<int>(field.kind)], field.text);
  }
  return text;
}

TEST(ReadWriteBody, ReadsEveryKindOfJsonValue) {
  EXPECT_EQ(Read(kJson, R"( {"a":"x\n\u00e4","b":-1.50e3 ,"c":true,"d":null,"e":12345678901234567890123} )"),
            "a:text x\n\xC3\xA4;b:number -1.50e3;c:bool true;d:null ;e:number 12345678901234567890123;");
  EXPECT_EQ(Read("Application/JSON; charset=utf-8", "{}"), "");
  EXPECT_EQ(Read(kJson, R"({"a":1,"a":2})"), "a:number 1;a:number 2;") << "for the updater to refuse";
}

TEST(ReadWriteBody, ReadsForms) {
  EXPECT_EQ(Read(kForm, "name=a+b%26c&price=&x"), "name:form a b&c;price:form ;x:form ;");
  EXPECT_THAT(Read(kForm, "name=%zz"), HasSubstr("no two hexadecimal digits follow"));
}

TEST(ReadWriteBody, TheHeaderMayBeAbsentOrCurls) {
  EXPECT_EQ(Read("", R"({"a":1})"), "a:number 1;");
  EXPECT_EQ(Read(kForm, R"({"a":1})"), "a:number 1;") << "curl -d calls everything a form";
  EXPECT_EQ(Read("", "a=1"), "a:form 1;");
  EXPECT_EQ(Read("", ""), "");
  EXPECT_EQ(Read("text/plain", ""), "");
}

TEST(ReadWriteBody, RefusesOtherBodies) {
  for (const char* body : {"[1]", "1", "{", R"({"a":1}{})", R"({"a":1} x)", R"({"a":tru})", R"({"a" 1})", R"({"a":"x})",
                           R"({a:1})", "{\"a\":\"\xff\"}", R"({"a":nul})"}) {
    EXPECT_THAT(Read(kJson, body), HasSubstr("the body has to be one JSON object")) << body;
  }
  EXPECT_THAT(Read(kJson, R"({"a":[1]})"), HasSubstr("parameter a: a list or an object is sent as a string"));
  EXPECT_THAT(Read("multipart/form-data; boundary=x", "--x"), HasSubstr("Content-Type has to be"));
  EXPECT_THAT(Read("text/plain", "{}"), HasSubstr("Content-Type has to be"));
}

RC_GTEST_PROP(ReadWriteBodyProperty, JsonTextArrivesAsItWas, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::inRange('\0', '\x7F'));
  std::string body = "{\"p\":";
  AppendJsonString(body, text);
  RC_ASSERT(Read(kJson, body + "}") == "p:text " + text + ";");
}

RC_GTEST_PROP(ReadWriteBodyProperty, AnyBytesAreReadOrRefused, (const std::string& bytes)) {
  for (const std::string& body : {bytes, "{" + bytes, "{\"a\":" + bytes + "}"}) {
    const auto json = ReadWriteBody(kJson, body);
    if (!json) RC_ASSERT(json.error().code == ErrorCode::kBadRequest);
    const auto form = ReadWriteBody("", body);
    if (!form) RC_ASSERT(form.error().code == ErrorCode::kBadRequest);
  }
}

}  // namespace
}  // namespace kck

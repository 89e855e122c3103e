// Which statement a write asks for, and with which values.
#include "model/write_request.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace kck {
namespace {

using Kind = WriteField::Kind;
using testing::HasSubstr;

std::optional<WriteTemplate> Takes(std::vector<std::size_t> params) {
  return WriteTemplate{std::make_shared<SqlStatement>(), std::move(params), {}};
}

// Key made by the database: insert takes name and price, update all, delete the id.
UpdaterPtr Item() {
  auto updater = std::make_shared<Updater>();
  updater->name = "item";
  updater->params = {{"id", ParamType::kInt, false, true},
                     {"name", ParamType::kString, false, false},
                     {"price", ParamType::kFloat, true, false}};
  updater->templates = {Takes({1, 2}), Takes({0, 1, 2}), Takes({0})};
  return updater;
}

// Key of two parts, chosen by the caller.
UpdaterPtr Seat() {
  auto updater = std::make_shared<Updater>();
  updater->name = "seat";
  updater->params = {{"row", ParamType::kInt, false, true},
                     {"letter", ParamType::kString, false, true},
                     {"free", ParamType::kBool, false, false}};
  updater->templates = {Takes({0, 1, 2}), Takes({0, 1, 2}), Takes({0, 1})};
  return updater;
}

// "update 7 a NULL", or the error's message.
std::string Read(const UpdaterPtr& updater, WriteCall call, std::string_view key, const std::vector<WriteField>& fields,
                 const TokenParams& from_token = {}) {
  const Result<ResolvedWrite> write = ResolveWrite(updater, call, key, fields, from_token);
  if (!write) {
    EXPECT_EQ(write.error().code, ErrorCode::kBadRequest);
    return write.error().message;
  }
  std::string text(WriteActionName(write->action));
  for (const ParamValue& value : write->params) text += " " + value.value_or("NULL");
  return text;
}

const WriteField kId{"id", Kind::kNumber, "7"};
const WriteField kName{"name", Kind::kText, "a"};
const WriteField kPrice{"price", Kind::kNumber, "1.50"};

TEST(ResolveWrite, WhatComesFromTheTokenIsNobodysToSay) {
  const TokenParams id{{0, "7"}};
  EXPECT_EQ(Read(Item(), WriteCall::kUpdate, "", {kName, kPrice}, id), "update 7 a 1.5");
  EXPECT_EQ(Read(Item(), WriteCall::kDelete, "", {}, id), "delete 7");
  EXPECT_THAT(Read(Item(), WriteCall::kUpdate, "", {kName, kId}, id), HasSubstr("comes from the token"));
  EXPECT_THAT(Read(Item(), WriteCall::kUpdate, "8", {kName}, id), HasSubstr("has 0 parts"));
  EXPECT_EQ(Read(Seat(), WriteCall::kDelete, "b", {}, {{0, "3"}}), "delete 3 b");
  EXPECT_THAT(Read(Seat(), WriteCall::kDelete, "3/b", {}, {{0, "3"}}), HasSubstr("has 1 part"));
  EXPECT_EQ(Read(Item(), WriteCall::kDelete, "7", {}, {{1, "ann"}}), "delete 7") << "which does not take the name";
}

TEST(ResolveWrite, AWriteThatCarriesTheKeyIsAnUpdate) {
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {kName, kPrice}), "insert a 1.5");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {kPrice, kId, kName}), "update 7 a 1.5");
  EXPECT_EQ(Read(Item(), WriteCall::kUpdate, "7", {kName, kPrice}), "update 7 a 1.5");
  EXPECT_EQ(Read(Item(), WriteCall::kUpdate, "", {kId, kName, kPrice}), "update 7 a 1.5");
  EXPECT_EQ(Read(Item(), WriteCall::kUpdate, "", {kName, kPrice}), "insert a 1.5");
  EXPECT_EQ(Read(Item(), WriteCall::kDelete, "007", {}), "delete 7");
  EXPECT_EQ(Read(Item(), WriteCall::kDelete, "", {kId}), "delete 7");
}

TEST(ResolveWrite, ACreateInsertsWhereTheCallerChoosesKeys) {
  const std::vector<WriteField> fields{
      {"row", Kind::kNumber, "1"}, {"letter", Kind::kText, "A"}, {"free", Kind::kBool, "true"}};
  EXPECT_EQ(Read(Seat(), WriteCall::kCreate, "", fields), "insert 1 A true");
  EXPECT_EQ(Read(Seat(), WriteCall::kUpdate, "", fields), "update 1 A true");
  EXPECT_EQ(Read(Seat(), WriteCall::kUpdate, "1/%41", {fields[2]}), "update 1 A true");
  EXPECT_EQ(Read(Seat(), WriteCall::kDelete, "1/A%2FB", {}), "delete 1 A/B");
}

TEST(ResolveWrite, WithoutAPrimaryKeyTheCallDecides) {
  auto updater = std::make_shared<Updater>(*Item());
  updater->params[0].primary_key = false;
  EXPECT_EQ(Read(updater, WriteCall::kUpdate, "", {kId, kName}), "update 7 a NULL");
  EXPECT_EQ(Read(updater, WriteCall::kCreate, "", {kName}), "insert a NULL");
  EXPECT_THAT(Read(updater, WriteCall::kUpdate, "7", {kName}), HasSubstr("has 0 parts (), and the path has 1"));
}

TEST(ResolveWrite, NullableParametersMayBeLeftOut) {
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {kName}), "insert a NULL");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {kName, {"price", Kind::kNull, ""}}), "insert a NULL");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {{"id", Kind::kNull, ""}, kName}), "insert a NULL");
}

TEST(ResolveWrite, NamesTheParameterThatIsWrong) {
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {kPrice}), "the insert of updater item needs: name");
  EXPECT_EQ(Read(Seat(), WriteCall::kDelete, "", {{"row", Kind::kNumber, "1"}}),
            "the delete of updater seat needs: letter");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {{"nme", Kind::kText, "a"}}),
            "updater item has no parameter \"nme\"; it takes: id, name, price");
  EXPECT_EQ(Read(Item(), WriteCall::kDelete, "7", {kName}),
            "parameter name: the delete of updater item does not take it");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {kName, kName}), "parameter name: it is given twice");
  EXPECT_EQ(Read(Item(), WriteCall::kUpdate, "8", {kId, kName}),
            "parameter id: the path and the body give different values");
  EXPECT_EQ(Read(Item(), WriteCall::kUpdate, "", {{"id", Kind::kNull, ""}, kName}),
            "parameter id: a primary key is never null");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {{"name", Kind::kNull, ""}}), "parameter name: it is not nullable");
  EXPECT_THAT(Read(Item(), WriteCall::kUpdate, "x", {}), HasSubstr("parameter id: an int is"));
  EXPECT_THAT(Read(Item(), WriteCall::kUpdate, "%zz", {}), HasSubstr("parameter id: a % in the path"));
  EXPECT_THAT(Read(Item(), WriteCall::kUpdate, "7/8", {}), HasSubstr("has 1 part (id), and the path has 2"));
}

TEST(ResolveWrite, SaysWhichTemplateIsNotThere) {
  auto updater = std::make_shared<Updater>(*Item());
  updater->templates[1].reset();
  updater->templates[2].reset();
  EXPECT_EQ(Read(updater, WriteCall::kDelete, "7", {}), "updater item has no delete");
  EXPECT_EQ(Read(updater, WriteCall::kCreate, "", {kId, kName}),
            "updater item has no update (a write with the primary key is an update)");
}

TEST(ResolveWrite, ABlankInputOfAFormIsNullWhereItIsNoValue) {
  const WriteField name{"name", Kind::kFormText, ""};
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {name, {"price", Kind::kFormText, ""}}), "insert  NULL");
  EXPECT_EQ(Read(Item(), WriteCall::kCreate, "", {name, {"price", Kind::kFormText, "1e1"}}), "insert  10");
  EXPECT_THAT(Read(Item(), WriteCall::kUpdate, "", {{"id", Kind::kFormText, ""}}),
              HasSubstr("parameter id: an int is"));
  EXPECT_THAT(Read(Item(), WriteCall::kCreate, "", {kName, {"price", Kind::kText, ""}}),
              HasSubstr("parameter price: a float is"));
}

// Every kind of JSON value, held against every type.
TEST(ResolveWrite, TakesAValueOfTheTypesOwnJsonOrAsAString) {
  struct Case {
    ParamType type;
    Kind kind;
    const char* text;
    const char* expected;
  };
  for (const Case& one :
       std::vector<Case>{{ParamType::kInt, Kind::kNumber, "-3", "insert -3"},
                         {ParamType::kInt, Kind::kText, "007", "insert 7"},
                         {ParamType::kInt, Kind::kNumber, "1.0", "parameter p: an int"},
                         {ParamType::kInt, Kind::kBool, "true", "parameter p: it has to be a JSON n"},
                         {ParamType::kFloat, Kind::kNumber, "1e2", "insert 100"},
                         {ParamType::kFloat, Kind::kNumber, "1e999", "parameter p: a float"},
                         {ParamType::kBool, Kind::kBool, "false", "insert false"},
                         {ParamType::kBool, Kind::kNumber, "1", "parameter p: it has to be true or"},
                         {ParamType::kBool, Kind::kText, "t", "insert true"},
                         {ParamType::kString, Kind::kNumber, "1", "parameter p: it has to be a JSON s"},
                         {ParamType::kString, Kind::kText, "1", "insert 1"},
                         {ParamType::kDate, Kind::kText, "2013-02-30", "parameter p: a date"},
                         {ParamType::kDate, Kind::kNumber, "2013", "parameter p: it has to be a JSON s"},
                         {ParamType::kUuid, Kind::kText, "1", "parameter p: a uuid"}}) {
    auto updater = std::make_shared<Updater>();
    updater->params = {{"p", one.type, false, false}};
    updater->templates[0] = Takes({0});
    EXPECT_THAT(Read(updater, WriteCall::kCreate, "", {{"p", one.kind, one.text}}), testing::StartsWith(one.expected))
        << one.text;
  }
}

RC_GTEST_PROP(ResolveWriteProperty, IntegersArriveAsTheyWere, (std::int64_t number)) {
  const std::string text = std::to_string(number);
  RC_ASSERT(Read(Item(), WriteCall::kDelete, "", {{"id", Kind::kNumber, text}}) == "delete " + text);
  RC_ASSERT(Read(Item(), WriteCall::kDelete, text, {}) == "delete " + text);
}

RC_GTEST_PROP(ResolveWriteProperty, NoTextBecomesAnythingButItself, (const std::string& text)) {
  const Result<ResolvedWrite> write = ResolveWrite(Item(), WriteCall::kCreate, "", {{"name", Kind::kText, text}});
  if (write) RC_ASSERT(write->params[0] == text);
}

}  // namespace
}  // namespace kck

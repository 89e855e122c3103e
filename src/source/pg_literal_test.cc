#include "source/pg_literal.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

// The visit in one line: "[a,null,[b]]", or "refused".
std::string Visited(std::string_view text, char delimiter = ',') {
  std::string seen;
  PgArrayVisitor visitor;
  visitor.open = [&] { seen += '['; };
  visitor.next = [&] { seen += ','; };
  visitor.close = [&] { seen += ']'; };
  visitor.element = [&](std::optional<std::string_view> element) {
    seen += element.value_or("null");
    return true;
  };
  return VisitPgArray(text, delimiter, visitor) ? seen : "refused";
}

TEST(PgArray, ReadsElementsDimensionsAndNulls) {
  EXPECT_EQ(Visited("{}"), "[]");
  EXPECT_EQ(Visited("{1,NULL,3}"), "[1,null,3]");
  EXPECT_EQ(Visited("{{1,2},{3,NULL}}"), "[[1,2],[3,null]]");
  EXPECT_EQ(Visited("[0:1][-1:0]={{1,2},{3,4}}"), "[[1,2],[3,4]]");
  EXPECT_EQ(Visited("{(1,1),(0,0);(2,2),(1,1)}", ';'), "[(1,1),(0,0),(2,2),(1,1)]");
}

TEST(PgArray, ReadsQuotedElements) { EXPECT_EQ(Visited(R"({"a,b","}{","\"\\","","NULL"})"), R"([a,b,}{,"\,,NULL])"); }

TEST(PgArray, RefusesWhatIsNoArray) {
  for (const char* text : {"", "1", "{", "{1", "{1}2", "{\"a}", "[0:1]", "{1,", "{{1}"}) {
    EXPECT_EQ(Visited(text), "refused") << text;
  }
}

// "a|null|c", or "refused".
std::string Split(std::string_view text, std::size_t field_count) {
  const auto fields = SplitPgComposite(text, field_count);
  if (!fields) return "refused";
  std::string joined;
  for (const auto& field : *fields) joined += (joined.empty() ? "" : "|") + field.value_or("null");
  return joined;
}

TEST(PgComposite, SplitsFields) {
  EXPECT_EQ(Split("()", 0), "");
  EXPECT_EQ(Split("()", 1), "null");
  EXPECT_EQ(Split("(,)", 2), "null|null");
  EXPECT_EQ(Split(R"((1,"a, ""b""",c\\,"(x,"))", 4), R"(1|a, "b"|c\|(x,)");
}

TEST(PgComposite, RefusesAnotherNumberOfFields) {
  EXPECT_EQ(Split("(1,2)", 3), "refused");
  EXPECT_EQ(Split("(1,2)", 1), "refused");
  EXPECT_EQ(Split("1,2", 2), "refused");
  EXPECT_EQ(Split("(\"1)", 1), "refused");
}

}  // namespace
}  // namespace kck

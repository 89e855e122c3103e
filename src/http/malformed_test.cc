// Requests that are malformed or odd (testdata/requests.txt): what the server answers, and that neither the answers nor
// what the parser reads depend on how the bytes are cut.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <charconv>
#include <filesystem>
#include <fstream>
#include <regex>

#include "base/json.h"
#include "testing/http_fixture.h"
#include "testing/request_reader.h"

namespace kck {
namespace {

constexpr std::size_t kBodyBytesMax = 1000;

struct Case {
  std::string outcome;
  std::string name;
  std::string bytes;
};

std::string Unescape(std::string_view text);

// `{text*count}`, which begins `text`. Nothing where it does not.
std::optional<std::string> Repeated(std::string_view& text) {
  const auto end = text.find('}');
  const auto star = text.rfind('*', end);
  if (end == std::string_view::npos || star == std::string_view::npos) return std::nullopt;
  std::size_t count = 0;
  const char* stop = text.data() + end;
  if (std::from_chars(text.data() + star + 1, stop, count).ptr != stop || star + 1 == end) return std::nullopt;
  const std::string once = Unescape(text.substr(1, star - 1));
  text.remove_prefix(end + 1);
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += once;
  return all;
}

// The character that an escape without its backslash, which begins `text`, stands for.
char Escaped(std::string_view& text) {
  const char letter = text.at(0);
  text.remove_prefix(1);
  if (letter == 'r') return '\r';
  if (letter == 'n') return '\n';
  if (letter == 't') return '\t';
  if (letter != 'x') return letter;
  unsigned value = 0;
  std::from_chars(text.data(), text.data() + 2, value, 16);
  text.remove_prefix(2);
  return static_cast<char>(value);
}

std::string Unescape(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    if (text[0] == '{') {
      if (const auto repeated = Repeated(text)) {
        bytes += *repeated;
        continue;
      }
    }
    const char c = text[0];
    text.remove_prefix(1);
    bytes += c == '\\' ? Escaped(text) : c;
  }
  return bytes;
}

std::vector<Case> ReadCases() {
  std::ifstream file(std::filesystem::path(__FILE__).parent_path() / "testdata/requests.txt");
  constexpr std::string_view kWithin = "within ";
  std::vector<Case> cases;
  std::string around = "@";
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    if (line.starts_with(kWithin)) {
      around = line.substr(kWithin.size());
      continue;
    }
    const auto name = line.find(" | ");
    const auto bytes = line.find(" |", name + 3);
    const std::string own = line.substr(std::min(line.size(), bytes + 3));
    std::string whole = around;
    whole.replace(whole.find('@'), 1, own);
    cases.push_back({line.substr(0, name), line.substr(name + 3, bytes - name - 3), Unescape(whole)});
  }
  return cases;
}

const std::vector<Case>& Cases() {
  static const std::vector<Case> cases = ReadCases();
  return cases;
}

TEST(MalformedTest, ThereAreManyCases) { EXPECT_GE(Cases().size(), 300U); }

TEST(MalformedTest, TheParserReadsTheSameHoweverTheBytesAreCut) {
  for (const Case& one : Cases()) {
    const std::string_view bytes = one.bytes;
    RequestReader whole(kBodyBytesMax);
    whole.Add(bytes);
    const std::size_t step = bytes.size() < 4000 ? 1 : bytes.size() / 40;
    for (std::size_t cut = 0; cut < bytes.size(); cut += step) {
      RequestReader reader(kBodyBytesMax);
      reader.Add(bytes.substr(0, cut));
      reader.Add(bytes.substr(cut));
      ASSERT_EQ(reader.read(), whole.read()) << one.name << ", cut at " << cut;
    }
    RequestReader trickle(kBodyBytesMax);
    for (std::size_t i = 0; i < bytes.size(); ++i) trickle.Add(bytes.substr(i, 1));
    ASSERT_EQ(trickle.read(), whole.read()) << one.name << ", byte by byte";
  }
}

class MalformedServerTest : public HttpFixture {
 protected:
  void SetUp() override {
    Serve([](HttpSettings& settings) { settings.body_bytes_max = kBodyBytesMax; });
  }

  // The answers to `bytes`, sent in pieces of `piece` bytes, in the words of the cases. Bodies have to be JSON.
  std::string Outcome(std::string_view bytes, std::size_t piece) {
    HttpConnection connection = Connect();
    for (std::size_t i = 0; i < bytes.size(); i += piece) connection.Send(bytes.substr(i, piece));
    connection.FinishSending();
    const std::string answers = connection.ReceiveToEnd();
    static const std::regex kAnswer(R"(HTTP/1\.1 (\d{3}) )");
    std::string outcome;
    for (std::sregex_iterator found(answers.begin(), answers.end(), kAnswer), end; found != end; ++found) {
      const std::size_t begin = static_cast<std::size_t>(found->position());
      const std::string head = answers.substr(begin, answers.find("\r\n\r\n", begin) - begin);
      if (!outcome.empty()) outcome += ' ';
      outcome += (*found)[1].str();
      if (head.find("\r\nConnection: close") != std::string::npos) outcome += '!';
    }
    const auto last = answers.rfind("\r\n\r\n");
    const bool has_body = last != std::string::npos && last + 4 < answers.size();
    EXPECT_TRUE(!has_body || IsJson(answers.substr(last + 4))) << answers;
    return outcome.empty() ? "-" : outcome;
  }
};

TEST_F(MalformedServerTest, AnswersEachAsItShould) {
  for (const Case& one : Cases()) EXPECT_EQ(Outcome(one.bytes, one.bytes.size()), one.outcome) << one.name;
}

TEST_F(MalformedServerTest, AnswersTheSameByteByByte) {
  for (const Case& one : Cases()) {
    if (one.bytes.size() >= 500) continue;
    EXPECT_EQ(Outcome(one.bytes, 1), one.outcome) << one.name;
  }
}

}  // namespace
}  // namespace kck

#include "http/entry_text.h"

#include <algorithm>
#include <array>

#include "base/json.h"
#include "base/trim.h"
#include "http/line_syntax.h"
#include "http/response.h"

namespace kck {
namespace {

// Beyond it the header says the time alone: proxies refuse heads of more than a few KiB.
constexpr std::size_t kTransactionsShownMax = 100;

std::uint64_t AgeSeconds(const Entry& entry, TimePoint now) {
  const auto age = std::chrono::duration_cast<std::chrono::seconds>(now - entry.as_of()).count();
  return age > 0 ? static_cast<std::uint64_t>(age) : 0;
}

bool ShowsStamp(const Entry& entry) {
  return entry.stamp() && entry.stamp()->in_progress.size() <= kTransactionsShownMax;
}

void AppendStamp(std::string& out, const Stamp& stamp) {
  AppendNumber(out, stamp.xmin);
  out += ':';
  AppendNumber(out, stamp.xmax);
  char separator = ':';
  for (const std::uint64_t transaction : stamp.in_progress) {
    out += separator;
    AppendNumber(out, transaction);
    separator = ',';
  }
  if (stamp.in_progress.empty()) out += ':';
}

std::string_view WithoutQuotes(std::string_view tag) {
  const bool quoted = tag.size() >= 2 && tag.front() == '"' && tag.back() == '"';
  return quoted ? tag.substr(1, tag.size() - 2) : tag;
}

// An ETag without its quotes.
struct Tag {
  Version version;
  ContentCoding coding = ContentCoding::kIdentity;
};

std::optional<Tag> ParseTag(std::string_view text) {
  Tag tag;
  if (const std::size_t hyphen = text.find('-'); hyphen != std::string_view::npos) {
    constexpr std::array kSuffixed{ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip};
    const auto* coding = std::ranges::find(kSuffixed, text.substr(hyphen + 1), CodingName);
    if (coding == kSuffixed.end()) return std::nullopt;
    tag.coding = *coding;
    text = text.substr(0, hyphen);
  }
  const std::optional<Version> version = ParseVersion(text);
  if (!version) return std::nullopt;
  tag.version = *version;
  return tag;
}

}  // namespace

void AppendVersion(std::string& out, const Version& version) {
  AppendNumber(out, version.epoch);
  out += '.';
  AppendNumber(out, version.number);
  out += '.';
  AppendNumber(out, version.sub);
}

void AppendEntryHeaders(std::string& out, const Served& served, TimeText& times, ContentCoding coding) {
  const Entry& entry = *served.entry;
  out += "ETag: \"";
  AppendVersion(out, entry.content_version());
  if (coding != ContentCoding::kIdentity) {
    out += '-';
    out += CodingName(coding);
  }
  out += "\"\r\nKCK-State: ";
  out += FreshnessName(served.freshness);
  out += "\r\nKCK-Age: ";
  AppendNumber(out, AgeSeconds(entry, times.now()));
  out += "\r\nKCK-As-Of: ";
  times.AppendIso(out, entry.as_of_unix_ms());
  if (ShowsStamp(entry)) {
    out += "; snapshot=\"";
    AppendStamp(out, *entry.stamp());
    out += '"';
  }
  out += "\r\n";
}

void AppendBeforeValue(std::string& out, const Entry& entry, bool compat_06) {
  out += R"({"success":true,"key":)";
  AppendJsonString(out, entry.key());
  const Version version = entry.content_version();
  if (compat_06) {
    out += R"(,"version":)";
    AppendNumber(out, version.number);
    out += R"(,"value":)";
  } else {
    out += R"(,"version":")";
    AppendVersion(out, version);
    out += R"(","value":)";
  }
}

void AppendBehindValue(std::string& out, const EntryContent& content) {
  const auto unix_ms = static_cast<std::uint64_t>(std::max<std::int64_t>(content.modified_unix_ms, 0));
  out += R"(,"modified":)";
  AppendNumber(out, unix_ms / 1000);
  out += '.';
  for (const std::uint64_t place : {100U, 10U, 1U}) out += static_cast<char>('0' + unix_ms / place % 10);
  out += '}';
}

void AppendItem(std::string& out, const Served& served, TimeText& times, bool compat_06) {
  const Entry& entry = *served.entry;
  const EntryContent content = entry.content();
  AppendBeforeValue(out, entry, compat_06);
  out += content.value;
  AppendBehindValue(out, content);
  out.pop_back();
  out += R"(,"state":")";
  out += FreshnessName(served.freshness);
  out += R"(","age_seconds":)";
  AppendNumber(out, AgeSeconds(entry, times.now()));
  out += R"(,"as_of":")";
  times.AppendIso(out, entry.as_of_unix_ms());
  out += '"';
  if (ShowsStamp(entry)) {
    out += R"(,"snapshot":")";
    AppendStamp(out, *entry.stamp());
    out += '"';
  }
  out += '}';
}

std::optional<ContentCoding> ListedCoding(std::string_view if_none_match, const Version& version,
                                          const std::function<bool(ContentCoding)>& takes) {
  while (!if_none_match.empty()) {
    std::string_view tag = TakeListed(if_none_match);
    if (tag == "*") return ContentCoding::kIdentity;
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    const std::optional<Tag> read = ParseTag(WithoutQuotes(tag));
    if (!read || read->version != version) continue;
    if (read->coding == ContentCoding::kIdentity || takes(read->coding)) return read->coding;
  }
  return std::nullopt;
}

Result<Version> DemandedVersion(std::string_view if_match) {
  const std::optional<Tag> tag = ParseTag(WithoutQuotes(Trim(if_match, kLineBlanks)));
  if (tag) return tag->version;
  return Fail(ErrorCode::kBadRequest, "If-Match takes one version: the ETag of a fetch, as \"1.734.0\"");
}

}  // namespace kck

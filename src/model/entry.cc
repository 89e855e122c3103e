#include "model/entry.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <cstring>
#include <new>

#include "base/json.h"

namespace kck {
namespace {

// A renewal copies a smaller body and shares a larger one, which costs it the fields of the entry that it shares.
constexpr std::size_t kCopiedBytesMax = 4096;

constexpr std::uint32_t kNever = ~std::uint32_t{0};
constexpr std::uint32_t kInSeconds = std::uint32_t{1} << 31U;

// What glibc's malloc takes for a block: a word before it, in steps of 16.
std::size_t AllocatedBytes(std::size_t bytes) { return (bytes + sizeof(std::size_t) + 15) / 16 * 16; }

struct Body {
  std::string text;
  std::uint32_t value_offset;
};

Body BodyOf(std::string_view key, std::string_view value, const Version& version, std::int64_t modified_unix_ms) {
  Body body;
  std::string& text = body.text;
  text.reserve(value.size() + key.size() + 112);
  text += R"({"success":true,"key":)";
  AppendJsonString(text, key);
  text += R"(,"version":")";
  text += VersionText(version);
  text += R"(","value":)";
  body.value_offset = static_cast<std::uint32_t>(text.size());
  text += value;
  fmt::format_to(std::back_inserter(text), R"(,"modified":{}.{:03}}})", modified_unix_ms / 1000,
                 modified_unix_ms % 1000);
  return body;
}

}  // namespace

struct Entry::Content {
  ContentForm form = ContentForm::kNone;
  Version version;
  EntryPtr home;
  std::string_view body;  // what the tail gets of it
  std::size_t body_size = 0;
  std::uint32_t value_offset = 0;
  std::uint32_t value_size = 0;
};

Entry::Entry(std::string_view key, const EntryFacts& facts, const Content& content)
    : kind_(facts.kind),
      content_(content.form),
      key_size_(static_cast<std::uint16_t>(key.size())),
      fingerprint_(facts.fingerprint),
      number_(facts.version.number),
      epoch_(facts.version.epoch),
      sub_(facts.version.sub),
      fill_sequence_(facts.fill_sequence),
      stamp_(facts.stamp),
      as_of_unix_ms_(facts.as_of_unix_ms),
      as_of_(facts.as_of),
      stale_after_(LifeUntil(facts.stale_at, facts.as_of)),
      expires_after_(LifeUntil(facts.expires_at, facts.as_of)),
      slot_generation_(facts.slot_generation),
      cost_us_(facts.cost_us),
      row_count_(facts.row_count),
      body_size_(static_cast<std::uint32_t>(content.body_size)),
      value_offset_(content.value_offset),
      value_size_(content.value_size) {
  if (content_ == ContentForm::kCopied) new (tail()) Version(content.version);
  if (content_ == ContentForm::kShared) new (tail()) EntryPtr(content.home);
  char* const end = std::copy(key.begin(), key.end(), tail() + prefix_bytes());
  std::copy(content.body.begin(), content.body.end(), end);
}

Entry::~Entry() {
  if (content_ == ContentForm::kShared) std::destroy_at(std::launder(reinterpret_cast<EntryPtr*>(tail())));
}

EntryPtr Entry::New(std::string_view key, const EntryFacts& facts, const Content& content) {
  const std::size_t bytes = sizeof(Entry) + PrefixBytes(content.form) + key.size() + content.body.size();
  return EntryPtr(new (::operator new(bytes)) Entry(key, facts, content));
}

void Entry::Delete(const Entry* entry) {
  entry->~Entry();
  ::operator delete(const_cast<Entry*>(entry));
}

EntryPtr Entry::Make(std::string_view key, const EntryFacts& facts, std::string_view value,
                     std::int64_t modified_unix_ms) {
  const Body body = BodyOf(key, value, facts.version, modified_unix_ms);
  return Restore(key, facts, {facts.version, body.text, body.value_offset, static_cast<std::uint32_t>(value.size())});
}

EntryPtr Entry::MakeTombstone(std::string_view key, const EntryFacts& facts) {
  EntryFacts purged = facts;
  purged.kind = EntryKind::kTombstone;
  return New(key, purged, {});
}

EntryPtr Entry::Restore(std::string_view key, const EntryFacts& facts, const StoredContent& stored) {
  Content content;
  content.form = stored.version == facts.version ? ContentForm::kOwn : ContentForm::kCopied;
  content.version = stored.version;
  content.body = stored.body;
  content.body_size = stored.body.size();
  content.value_offset = stored.value_offset;
  content.value_size = stored.value_size;
  return New(key, facts, content);
}

EntryPtr Entry::MakeRenewal(const EntryPtr& other, const EntryFacts& facts) {
  if (!other->has_content()) return MakeTombstone(other->key(), facts);
  const std::string_view body = other->body();
  if (body.size() <= kCopiedBytesMax) {
    return Restore(other->key(), facts, {other->content_version(), body, other->value_offset_, other->value_size_});
  }
  Content content;
  content.form = ContentForm::kShared;
  content.home = EntryPtr(&other->home());
  content.body_size = body.size();
  content.value_offset = other->value_offset_;
  content.value_size = other->value_size_;
  return New(other->key(), facts, content);
}

EntryFacts Entry::facts() const {
  return {kind_,          fingerprint_, slot_generation_, version(),    fill_sequence_, stamp_,
          as_of_unix_ms_, as_of_,       stale_at(),       expires_at(), cost_us_,       row_count_};
}

std::size_t Entry::PrefixBytes(ContentForm form) {
  if (form == ContentForm::kCopied) return sizeof(Version);
  return form == ContentForm::kShared ? sizeof(EntryPtr) : 0;
}

const Entry& Entry::home() const {
  if (content_ != ContentForm::kShared) return *this;
  return **std::launder(reinterpret_cast<const EntryPtr*>(tail()));
}

Version Entry::content_version() const {
  const Entry& entry = home();
  if (entry.content_ != ContentForm::kCopied) return entry.version();
  return *std::launder(reinterpret_cast<const Version*>(entry.tail()));
}

std::string_view Entry::body() const {
  const Entry& entry = home();
  return {entry.tail() + entry.prefix_bytes() + entry.key_size_, entry.body_size_};
}

std::size_t Entry::block_bytes() const {
  const std::size_t body = content_ == ContentForm::kShared ? 0 : body_size_;
  return AllocatedBytes(sizeof(Entry) + prefix_bytes() + key_size_ + body);
}

std::size_t Entry::memory_bytes() const {
  return content_ == ContentForm::kShared ? block_bytes() + home().block_bytes() : block_bytes();
}

Entry::ShortLife Entry::LifeUntil(TimePoint end, TimePoint as_of) {
  if (end == TimePoint::max()) return kNever;
  if (end <= as_of) return 0;
  const auto life_ms = std::chrono::duration_cast<std::chrono::milliseconds>(end - as_of).count();
  if (life_ms < kInSeconds) return static_cast<ShortLife>(life_ms);
  return kInSeconds | static_cast<ShortLife>(std::min<std::int64_t>(life_ms / 1000, kInSeconds - 2));
}

TimePoint Entry::EndOf(ShortLife life) const {
  if (life == kNever) return TimePoint::max();
  if (life < kInSeconds) return as_of_ + std::chrono::milliseconds(life);
  return as_of_ + std::chrono::seconds(life - kInSeconds);
}

bool Supersedes(const Entry& candidate, const Entry& current) {
  if (candidate.version() != current.version()) return candidate.version() > current.version();
  return candidate.fill_sequence() >= current.fill_sequence();
}

std::uint64_t ValueHash(std::string_view value) { return XXH3_64bits(value.data(), value.size()); }

}  // namespace kck

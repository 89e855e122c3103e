#include "model/entry.h"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <new>

namespace kck {
namespace {

// A renewal copies a smaller value and shares a larger one, which costs it the fields of the entry that it shares.
constexpr std::size_t kCopiedBytesMax = 4096;

constexpr std::uint32_t kNever = ~std::uint32_t{0};
constexpr std::uint32_t kInSeconds = std::uint32_t{1} << 31U;

// What jemalloc takes for a block: four sizes between two powers of two, in steps of 16 at least.
std::size_t AllocatedBytes(std::size_t bytes) {
  const std::size_t step = std::max<std::size_t>(16, std::bit_floor(bytes - 1) / 4);
  return (bytes + step - 1) / step * step;
}

constexpr std::size_t kKeySizeMax = 0xffff;                        // of 16 bits; keys end at 1 KiB
constexpr std::int64_t kMillisMax = (std::int64_t{1} << 47U) - 1;  // of 48 bits: the year 6429
constexpr std::uint64_t kMillisBits = (std::uint64_t{1} << 48U) - 1;

std::uint64_t InMillis(std::int64_t unix_ms) {
  return static_cast<std::uint64_t>(std::clamp(unix_ms, -kMillisMax, kMillisMax));
}

// Rounded down, but not below what a TimePoint can hold.
std::uint64_t InMillis(TimePoint when) {
  constexpr auto kFirst = std::chrono::ceil<std::chrono::milliseconds>(TimePoint::min().time_since_epoch());
  return InMillis(std::max(std::chrono::floor<std::chrono::milliseconds>(when.time_since_epoch()), kFirst).count());
}

}  // namespace

Entry::Entry(std::string_view key, const EntryFacts& facts, ContentForm form, const EntryContent& content,
             EntryPtr home)
    : value_size_(static_cast<std::uint32_t>(content.value.size())),
      fingerprint_(facts.fingerprint),
      number_(facts.version.number),
      epoch_(facts.version.epoch),
      sub_(facts.version.sub),
      fill_sequence_(facts.fill_sequence),
      stamp_(facts.stamp),
      as_of_unix_ms_(InMillis(facts.as_of_unix_ms) & kMillisBits),
      key_size_(key.size() & kKeySizeMax),
      as_of_ms_(InMillis(facts.as_of) & kMillisBits),
      kind_(static_cast<std::uint8_t>(facts.kind) & 3U),
      form_(static_cast<std::uint8_t>(form) & 3U),
      foreign_(facts.foreign ? 1 : 0),
      stale_after_(LifeUntil(facts.stale_at, as_of())),
      expires_after_(LifeUntil(facts.expires_at, as_of())),
      slot_generation_(facts.slot_generation),
      cost_us_(facts.cost_us) {
  if (form == ContentForm::kCopied) new (tail()) Origin{content.version, content.modified_unix_ms};
  if (form == ContentForm::kShared) new (tail()) EntryPtr(std::move(home));
  char* const end = std::copy(key.begin(), key.end(), tail() + prefix_bytes());
  if (form != ContentForm::kShared) std::copy(content.value.begin(), content.value.end(), end);
}

Entry::~Entry() {
  if (form() == ContentForm::kShared) std::destroy_at(std::launder(reinterpret_cast<EntryPtr*>(tail())));
}

EntryPtr Entry::New(std::string_view key, const EntryFacts& facts, ContentForm form, const EntryContent& content,
                    EntryPtr home) {
  static_assert(sizeof(Entry) == 80);
  const std::size_t value_bytes = form == ContentForm::kShared ? 0 : content.value.size();
  const std::size_t bytes = sizeof(Entry) + PrefixBytes(form) + key.size() + value_bytes;
  return EntryPtr(new (::operator new(bytes)) Entry(key, facts, form, content, std::move(home)));
}

void Entry::Delete(const Entry* entry) {
  entry->~Entry();
  ::operator delete(const_cast<Entry*>(entry));
}

EntryPtr Entry::Make(std::string_view key, const EntryFacts& facts, std::string_view value) {
  return New(key, facts, ContentForm::kOwn, {facts.version, facts.as_of_unix_ms, value});
}

EntryPtr Entry::MakeTombstone(std::string_view key, const EntryFacts& facts) {
  EntryFacts purged = facts;
  purged.kind = EntryKind::kTombstone;
  return New(key, purged, ContentForm::kNone);
}

EntryPtr Entry::Restore(std::string_view key, const EntryFacts& facts, const EntryContent& content) {
  const bool own = content.version == facts.version && content.modified_unix_ms == facts.as_of_unix_ms;
  return New(key, facts, own ? ContentForm::kOwn : ContentForm::kCopied, content);
}

EntryPtr Entry::MakeRenewal(const EntryPtr& other, const EntryFacts& facts) {
  if (!other->has_content()) return MakeTombstone(other->key(), facts);
  const EntryContent content = other->content();
  if (content.value.size() <= kCopiedBytesMax) return Restore(other->key(), facts, content);
  return New(other->key(), facts, ContentForm::kShared, content, EntryPtr(&other->home()));
}

EntryFacts Entry::facts() const {
  return {kind(),          fingerprint_, slot_generation_, version(),    fill_sequence_, stamp_,
          as_of_unix_ms(), as_of(),      stale_at(),       expires_at(), cost_us_,       foreign()};
}

std::size_t Entry::PrefixBytes(ContentForm form) {
  if (form == ContentForm::kCopied) return sizeof(Origin);
  return form == ContentForm::kShared ? sizeof(EntryPtr) : 0;
}

const Entry& Entry::home() const {
  if (form() != ContentForm::kShared) return *this;
  return **std::launder(reinterpret_cast<const EntryPtr*>(tail()));
}

EntryContent Entry::content() const {
  const Entry& entry = home();
  if (entry.form() == ContentForm::kNone) return {};
  const std::string_view value{entry.tail() + entry.prefix_bytes() + entry.key_size_, entry.value_size_};
  if (entry.form() == ContentForm::kOwn) return {entry.version(), entry.as_of_unix_ms(), value};
  const Origin& origin = *std::launder(reinterpret_cast<const Origin*>(entry.tail()));
  return {origin.version, origin.modified_unix_ms, value};
}

std::size_t Entry::block_bytes() const {
  const std::size_t value = form() == ContentForm::kShared ? 0 : value_size_;
  return AllocatedBytes(sizeof(Entry) + prefix_bytes() + key_size_ + value);
}

std::size_t Entry::memory_bytes() const {
  return form() == ContentForm::kShared ? block_bytes() + home().block_bytes() : block_bytes();
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
  if (life < kInSeconds) return as_of() + std::chrono::milliseconds(life);
  return as_of() + std::chrono::seconds(life - kInSeconds);
}

bool Supersedes(const Entry& candidate, const Entry& current) {
  if (candidate.version() != current.version()) return candidate.version() > current.version();
  return candidate.fill_sequence() >= current.fill_sequence();
}

std::uint64_t ValueHash(std::string_view value) { return XXH3_64bits(value.data(), value.size()); }

}  // namespace kck

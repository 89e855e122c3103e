#include "http/compressed_forms.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/endian/conversion.hpp>

#include "http/compressor.h"
#include "http/entry_text.h"

namespace kck {
namespace {

using std::chrono::hours;

constexpr std::size_t kJobsMax = 10000;
constexpr std::size_t kJobsBytesMax = std::size_t{64} << 20U;
constexpr std::size_t kHashBytes = sizeof(std::uint64_t);

// Beyond it a stored form is put anew while it is asked for, so that those of contents that went do not stay for ever.
constexpr Duration kStoredLifeMax = hours(30 * 24);

std::string FormKey(std::string_view key, ContentCoding coding) {
  std::string name = "\x01";
  name += CodingName(coding);
  name += ':';
  name += key;
  return name;
}

// Renewals extend an entry's life, and its stored form's should not end with the life that it had when it was made: it
// has twice that, and is put anew after the first half (stale_at).
EntryFacts FactsOf(const Entry& entry, TimePoint now) {
  EntryFacts facts;
  facts.fingerprint = entry.fingerprint();
  facts.version = entry.content_version();
  facts.as_of = now;
  Duration half = kStoredLifeMax / 2;
  if (entry.expires_at() != TimePoint::max())
    half = std::min(half, std::max(Duration::zero(), entry.expires_at() - now));
  facts.stale_at = now + half;
  facts.expires_at = now + 2 * half;
  return facts;
}

std::string HashText(std::uint64_t hash) {
  std::array<char, kHashBytes> bytes;
  boost::endian::endian_store<std::uint64_t, kHashBytes, boost::endian::order::little>(
      reinterpret_cast<unsigned char*>(bytes.data()), hash);
  return {bytes.data(), bytes.size()};
}

bool IsFormOf(const Entry& form, const Entry& entry, std::string_view hash) {
  return form.has_content() && form.fingerprint() == entry.fingerprint() &&
         form.content_version() == entry.content_version() && form.value().starts_with(hash);
}

bool Pays(const Entry& form) { return form.value().size() > kHashBytes; }

// The threads that answer come first: a form that is late costs somebody a larger answer, no more.
void LowerPriority() {
  constexpr int kNice = 10;
  static_cast<void>(setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kNice));
}

}  // namespace

CompressedForms::CompressedForms(Scheduler& scheduler, Store& store, const CompressionSettings& settings,
                                 bool compat_06)
    : scheduler_(scheduler),
      store_(store),
      settings_(settings),
      compat_06_(compat_06),
      table_(settings.memory_bytes),
      jobs_(kJobsMax, kJobsBytesMax),
      maker_([this] { Run(); }) {}

CompressedForms::~CompressedForms() { Stop(); }

void CompressedForms::Stop() {
  jobs_.Close();
  if (maker_.joinable()) maker_.join();
}

CompressedForms::Form CompressedForms::Find(const EntryPtr& entry, const CodingList& wanted, TimePoint now) {
  FormTable::Found found = table_.Find(*entry, wanted);
  if (found.to_make) Queue({entry, wanted.front(), std::nullopt});
  if (!found.form) return {};
  if (found.form->stale_at() <= now) Renew(*entry, found.coding, found.form);
  const std::string_view bytes = found.form->value().substr(kHashBytes);
  return {found.coding, bytes, std::move(found.form)};
}

void CompressedForms::Queue(Job job) {
  const EntryPtr entry = job.entry;
  const ContentCoding coding = job.coding;
  const Pushed pushed = jobs_.Push(job, entry->value().size());
  if (pushed == Pushed::kTaken) return;
  if (pushed == Pushed::kFull) ++counters_.dropped;
  table_.GiveUp(*entry, coding);
}

void CompressedForms::Run() {
  LowerPriority();
  while (std::optional<Job> job = jobs_.Take()) {
    if (jobs_.closed()) continue;  // what is left is not worth a delay of the end
    if (job->stored) {
      Make(*job);
    } else {
      Load(*std::move(job));
    }
  }
}

void CompressedForms::Load(Job job) {
  std::string name = FormKey(job.entry->key(), job.coding);
  const std::uint64_t fingerprint = job.entry->fingerprint();
  store_.Get(std::move(name), fingerprint, [this, job = std::move(job)](const Result<EntryPtr>& found) {
    Queue({job.entry, job.coding, found ? *found : nullptr});
  });
}

void CompressedForms::Make(const Job& job) {
  const std::string body = BodyOf(*job.entry);
  std::string value = HashText(ValueHash(body));
  if (*job.stored && IsFormOf(**job.stored, *job.entry, value)) {
    ++counters_.loaded;
    return Place(job, *job.stored);
  }
  const TimePoint began = scheduler_.Now();
  // To save less than a tenth is not worth the client's effort.
  const bool pays = AppendCompressed(value, job.coding, body, body.size() - body.size() / 10);
  const TimePoint now = scheduler_.Now();
  counters_.time_us +=
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - began).count());
  ++(pays ? counters_.made.at(static_cast<std::size_t>(job.coding)) : counters_.unpaid);
  const EntryPtr form = Entry::Make(FormKey(job.entry->key(), job.coding), FactsOf(*job.entry, now), value);
  Keep(form);
  Place(job, form);
}

void CompressedForms::Place(const Job& job, const EntryPtr& form) {
  if (Pays(*form) && form->memory_bytes() <= table_.form_bytes_max()) {
    table_.Keep(*job.entry, job.coding, form);
  } else {
    table_.KeepNone(*job.entry);
  }
}

void CompressedForms::Renew(const Entry& entry, ContentCoding coding, const EntryPtr& form) {
  EntryPtr renewed = Entry::MakeRenewal(form, FactsOf(entry, scheduler_.Now()));
  Keep(renewed);
  table_.Keep(entry, coding, std::move(renewed));
}

// A form that the store does not take is made again after a restart.
void CompressedForms::Keep(const EntryPtr& form) {
  store_.Put(std::string(form->key()), form, [](const Result<void>&) {});
}

std::string CompressedForms::BodyOf(const Entry& entry) const {
  std::string body;
  AppendBeforeValue(body, entry, compat_06_);
  const EntryContent content = entry.content();
  body += content.value;
  AppendBehindValue(body, content);
  return body;
}

}  // namespace kck

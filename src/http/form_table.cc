#include "http/form_table.h"

#include <functional>

namespace kck {
namespace {

std::size_t IndexOf(ContentCoding coding) { return static_cast<std::size_t>(coding); }

// True where the slot's content came after the entry's. Versions of two definitions do not compare.
bool IsNewer(const ContentId& kept, const ContentId& asked) {
  return kept.fingerprint == asked.fingerprint && kept.version > asked.version;
}

}  // namespace

ContentId::ContentId(const Entry& entry) : fingerprint(entry.fingerprint()) {
  const EntryContent content = entry.content();
  version = content.version;
  modified_unix_ms = content.modified_unix_ms;
  value_bytes = content.value.size();
}

// With its share of list and index.
std::size_t FormTable::Slot::bytes() const {
  constexpr std::size_t kOverhead = sizeof(Slot) + 64;
  std::size_t bytes = kOverhead + key.capacity();
  for (const EntryPtr& form : forms) bytes += form ? form->memory_bytes() : 0;
  return bytes;
}

FormTable::Found FormTable::Find(const Entry& entry, const CodingList& wanted) {
  const std::size_t index = StripeOf(entry.key());
  Stripe& stripe = stripes_.at(index);
  Found found;
  {
    MutexLock lock(stripe.mutex);
    Slot* slot = SlotOf(stripe, entry);
    if (slot == nullptr || slot->none_pays) return found;
    for (const ContentCoding coding : wanted) {
      if (!slot->forms.at(IndexOf(coding))) continue;
      found.form = slot->forms.at(IndexOf(coding));
      found.coding = coding;
      break;
    }
    bool& in_making = slot->in_making.at(IndexOf(wanted.front()));
    found.to_make = found.coding != wanted.front() && !in_making;
    in_making = in_making || found.to_make;
  }
  if (found.to_make) Shrink(index);
  return found;
}

void FormTable::Keep(const Entry& entry, ContentCoding coding, EntryPtr form) {
  const std::size_t index = StripeOf(entry.key());
  {
    Stripe& stripe = stripes_.at(index);
    MutexLock lock(stripe.mutex);
    Slot* slot = Look(stripe, entry);
    if (slot == nullptr) return;
    bytes_ -= slot->bytes();
    slot->forms.at(IndexOf(coding)) = std::move(form);
    slot->in_making.at(IndexOf(coding)) = false;
    bytes_ += slot->bytes();
  }
  Shrink(index);
}

void FormTable::KeepNone(const Entry& entry) {
  Stripe& stripe = stripes_.at(StripeOf(entry.key()));
  MutexLock lock(stripe.mutex);
  if (Slot* slot = Look(stripe, entry)) slot->none_pays = true;
}

void FormTable::GiveUp(const Entry& entry, ContentCoding coding) {
  Stripe& stripe = stripes_.at(StripeOf(entry.key()));
  MutexLock lock(stripe.mutex);
  if (Slot* slot = Look(stripe, entry)) slot->in_making.at(IndexOf(coding)) = false;
}

std::size_t FormTable::StripeOf(std::string_view key) const { return std::hash<std::string_view>()(key) % kStripes; }

FormTable::Slot* FormTable::SlotOf(Stripe& stripe, const Entry& entry) {
  const ContentId content(entry);
  const auto found = stripe.index.find(entry.key());
  if (found == stripe.index.end()) {
    Slot& slot = stripe.slots.emplace_front(entry.key(), content);
    stripe.index.emplace(slot.key, stripe.slots.begin());
    bytes_ += slot.bytes();
    return &slot;
  }
  stripe.slots.splice(stripe.slots.begin(), stripe.slots, found->second);
  Slot& slot = *found->second;
  if (slot.content == content) return &slot;
  if (IsNewer(slot.content, content)) return nullptr;
  bytes_ -= slot.bytes();
  slot.content = content;
  slot.forms = {};
  slot.in_making = {};
  slot.none_pays = false;
  bytes_ += slot.bytes();
  return &slot;
}

FormTable::Slot* FormTable::Look(Stripe& stripe, const Entry& entry) {
  const auto found = stripe.index.find(entry.key());
  if (found == stripe.index.end() || found->second->content != ContentId(entry)) return nullptr;
  return &*found->second;
}

void FormTable::Shrink(std::size_t grown) {
  for (std::size_t i = 0; i < kStripes && bytes_ > bytes_max_; ++i) {
    Stripe& stripe = stripes_.at((grown + i) % kStripes);
    MutexLock lock(stripe.mutex);
    // What was just asked for stays, as long as others can go.
    const std::size_t left = i == 0 ? 1 : 0;
    while (bytes_ > bytes_max_ && stripe.slots.size() > left) {
      bytes_ -= stripe.slots.back().bytes();
      stripe.index.erase(stripe.slots.back().key);
      stripe.slots.pop_back();
      ++evictions_;
    }
  }
}

}  // namespace kck

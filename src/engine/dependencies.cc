#include "engine/dependencies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace kck {

// Breadth first. From `from` down to `to`, both included; empty: there is no way.
std::vector<std::string> Dependencies::PathFrom(const std::string& from, const std::string& to) const {
  std::vector<std::pair<std::string, std::size_t>> seen{{from, 0}};  // with the place of who reads it
  std::set<std::string, std::less<>> met{from};
  for (std::size_t at = 0; at < seen.size(); ++at) {
    if (seen[at].first == to) {
      std::vector<std::string> path;
      for (std::size_t up = at;; up = seen[up].second) {
        path.push_back(seen[up].first);
        if (up == 0) break;
      }
      std::ranges::reverse(path);
      return path;
    }
    const auto reads = reads_.find(seen[at].first);
    if (reads == reads_.end()) continue;
    for (const std::string& next : reads->second.now) {
      if (met.insert(next).second) seen.emplace_back(next, at);
    }
  }
  return {};
}

void Dependencies::Add(const std::string& key, Reads& reads, const std::string& read) {
  if (!reads.now.insert(read).second) return;
  readers_[read].insert(key);
  ++count_;
}

void Dependencies::Remove(const std::string& key, Reads& reads, const std::string& read) {
  if (reads.now.erase(read) == 0) return;
  --count_;
  const auto readers = readers_.find(read);
  readers->second.erase(key);
  if (readers->second.empty()) readers_.erase(readers);
}

Dependencies::Verdict Dependencies::Begin(const std::string& key, std::uint64_t fingerprint, const std::string& read) {
  MutexLock lock(mutex_);
  if (!PathFrom(read, key).empty()) return Verdict::kCycle;
  if (count_ >= reads_max_) return Verdict::kFull;
  Reads& reads = reads_[key];
  if (reads.fingerprint != fingerprint) {
    // What another definition read says nothing of this one.
    const auto others = reads.now;
    for (const std::string& other : others) Remove(key, reads, other);
    reads = {fingerprint, {}, {}};
  }
  Add(key, reads, read);
  ++waiting_[{key, read}].reads;
  return Verdict::kNoted;
}

bool Dependencies::End(const std::string& key, const std::string& read, bool by_compute) {
  MutexLock lock(mutex_);
  const auto found = waiting_.find({key, read});
  if (found == waiting_.end()) return false;
  // The one that it got is one of those that passed it over.
  const bool missed = found->second.passed_over > (by_compute ? 1 : 0);
  if (--found->second.reads == 0) waiting_.erase(found);
  return missed;
}

std::vector<std::string> Dependencies::NotWaiting(const std::string& read) const {
  std::vector<std::string> dependents;
  const auto readers = readers_.find(read);
  if (readers == readers_.end()) return dependents;
  for (const std::string& reader : readers->second) {
    if (!waiting_.contains({reader, read})) dependents.push_back(reader);
  }
  return dependents;
}

std::vector<std::string> Dependencies::DependentsNotWaiting(const std::string& read) const {
  MutexLock lock(mutex_);
  return NotWaiting(read);
}

std::vector<std::string> Dependencies::DependentsOfPrime(const std::string& read) {
  MutexLock lock(mutex_);
  const auto readers = readers_.find(read);
  if (readers == readers_.end()) return {};
  for (const std::string& reader : readers->second) {
    const auto waits = waiting_.find({reader, read});
    if (waits != waiting_.end()) ++waits->second.passed_over;
  }
  return NotWaiting(read);
}

bool Dependencies::Keep(const std::string& key, std::uint64_t fingerprint, const std::vector<std::string>& reads) {
  std::vector<std::string> sorted = reads;
  std::ranges::sort(sorted);
  sorted.erase(std::ranges::unique(sorted).begin(), sorted.end());
  MutexLock lock(mutex_);
  const auto found = reads_.find(key);
  if (found == reads_.end() && sorted.empty()) return false;
  Reads& mine = found == reads_.end() ? reads_[key] : found->second;
  const bool same = mine.fingerprint == fingerprint && mine.kept == sorted;
  const auto before = mine.now;
  for (const std::string& read : before) {
    if (!std::ranges::binary_search(sorted, read)) Remove(key, mine, read);
  }
  for (const std::string& read : sorted) Add(key, mine, read);
  mine.fingerprint = fingerprint;
  mine.kept = std::move(sorted);
  if (mine.now.empty()) reads_.erase(key);
  return !same;
}

std::vector<std::string> Dependencies::DependentsOf(const std::string& read) const {
  MutexLock lock(mutex_);
  const auto readers = readers_.find(read);
  if (readers == readers_.end()) return {};
  return {readers->second.begin(), readers->second.end()};
}

std::vector<std::string> Dependencies::ReadsOf(const std::string& key) const {
  MutexLock lock(mutex_);
  const auto reads = reads_.find(key);
  if (reads == reads_.end()) return {};
  return {reads->second.now.begin(), reads->second.now.end()};
}

bool Dependencies::empty() const {
  MutexLock lock(mutex_);
  return readers_.empty();
}

std::string Dependencies::CycleText(const std::string& key, const std::string& read) const {
  MutexLock lock(mutex_);
  return fmt::format("{} → {}", key, fmt::join(PathFrom(read, key), " → "));
}

std::string Dependencies::RecordText(std::uint64_t fingerprint, const std::vector<std::string>& reads) {
  return fmt::format("{}\n{}", fingerprint, fmt::join(reads, "\n"));
}

bool Dependencies::Restore(const std::string& key, std::string_view record) {
  std::uint64_t fingerprint = 0;
  const auto [stop, error] = std::from_chars(record.data(), record.data() + record.size(), fingerprint);
  if (error != std::errc{}) return false;
  record.remove_prefix(static_cast<std::size_t>(stop - record.data()));
  std::vector<std::string> reads;
  while (!record.empty()) {
    record.remove_prefix(1);
    const std::string_view read = record.substr(0, record.find('\n'));
    if (!read.empty()) reads.emplace_back(read);
    record.remove_prefix(read.size());
  }
  Keep(key, fingerprint, reads);
  return true;
}

}  // namespace kck

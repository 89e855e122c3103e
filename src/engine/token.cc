#include "engine/token.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/base64.h"
#include "base/secret.h"
#include "base/trim.h"
#include "store/shared_store.h"

namespace kck {
namespace {

// A token's bytes: format, 1 where there is a transaction, epoch (4), transaction (8), sequence (8), process (8),
// database, MAC. Numbers are big endian.
constexpr char kFormat = 2;
constexpr std::size_t kFixedBytes = 30;
constexpr std::size_t kTokensMax = 32;
constexpr std::size_t kKeyBytes = 32;
constexpr const char* kKeyRecord = "token_key";

template <typename Number>
void AppendNumber(std::string& out, Number number) {
  for (std::size_t shift = sizeof(Number) * 8; shift > 0; shift -= 8) {
    out += static_cast<char>((number >> (shift - 8)) & 0xFFU);
  }
}

template <typename Number>
Number ReadNumber(std::string_view bytes, std::size_t at) {
  Number number = 0;
  for (const char c : bytes.substr(at, sizeof(Number))) number = number << 8U | static_cast<unsigned char>(c);
  return number;
}

}  // namespace

bool Shows(const Entry& entry, const WriteToken& token) {
  if (!entry.stamp() || !token.transaction) return entry.began() > token.sequence;
  return entry.version().epoch == token.epoch && entry.stamp()->Sees(*token.transaction);
}

TokenSeal::TokenSeal(Store& store) : store_(store), process_(store.shared() == nullptr ? 0 : RandomNumber()) {}

void TokenSeal::Start(std::function<void(Result<void>)> done) {
  const std::string fresh = RandomBytes(kKeyBytes);
  if (fresh.empty()) return done(Fail(ErrorCode::kStoreError, "the system has no random bytes for the key of tokens"));
  if (store_.shared() != nullptr) {
    {
      MutexLock lock(mutex_);
      keys_ = {fresh};
      shares_key_ = false;
    }
    return done({});
  }
  auto on_read = [this, fresh, done = std::move(done)](auto records) mutable {
    if (!records) return done(Failure(std::move(records.error())));
    std::string key;
    for (const auto& [name, value] : *records) {
      if (name == kKeyRecord) key = FromBase64Url(value).value_or("");
    }
    const bool known = key.size() == kKeyBytes;
    {
      MutexLock lock(mutex_);
      keys_ = {known ? key : fresh};
    }
    if (known) return done({});
    store_.PutRecord(kKeyRecord, Base64Url(fresh), std::move(done));
  };
  store_.GetRecords(kKeyRecord, std::move(on_read));
}

// Offers this process's key; another one's may stand there already.
void TokenSeal::Share(std::function<void()> then) {
  std::string own;
  bool begins = false;
  {
    MutexLock lock(mutex_);
    begins = !shares_key_ && !std::exchange(asking_, true);
    if (begins) own = Base64Url(keys_.front());
  }
  if (!begins) return then();
  auto on_held = [this, then = std::move(then)](const Result<std::string>& held) {
    const std::string key = held ? FromBase64Url(*held).value_or("") : "";
    {
      MutexLock lock(mutex_);
      asking_ = false;
      shares_key_ = key.size() == kKeyBytes;
      // What was sealed until now stays good here.
      if (shares_key_ && key != keys_.front()) keys_.insert(keys_.begin(), key);
    }
    then();
  };
  store_.shared()->SwapRegister(kKeyRecord, std::nullopt, own, 0, std::move(on_held));
}

std::string TokenSeal::Seal(const WriteToken& token) {
  std::string bytes(1, kFormat);
  bytes += static_cast<char>(token.transaction ? 1 : 0);
  AppendNumber(bytes, token.epoch);
  AppendNumber(bytes, token.transaction.value_or(0));
  AppendNumber(bytes, token.sequence);
  AppendNumber(bytes, process_);
  bytes += token.database;
  Share([] {});  // where that failed before
  MutexLock lock(mutex_);
  bytes += Mac(keys_.front(), bytes);
  return Base64Url(bytes);
}

Result<WriteTokens> TokenSeal::Open(std::string_view list) const {
  WriteTokens tokens;
  while (true) {
    const std::string_view text = list.substr(0, list.find(','));
    std::optional<WriteToken> token = OpenOne(Trim(text, kLineBlanks));
    if (!token) {
      return Fail(
          ErrorCode::kBadRequest,
          fmt::format("KCK-After: token {} is not one that this server gave: send the token of a write's answer "
                      "as it is, several parted by commas",
                      tokens.size() + 1));
    }
    tokens.push_back(*std::move(token));
    if (text.size() == list.size()) return tokens;
    if (tokens.size() == kTokensMax) {
      return Fail(ErrorCode::kBadRequest, fmt::format("KCK-After takes {} tokens at most", kTokensMax));
    }
    list.remove_prefix(text.size() + 1);
  }
}

std::optional<WriteToken> TokenSeal::OpenOne(std::string_view text) const {
  const std::optional<std::string> bytes = FromBase64Url(text);
  if (!bytes || bytes->size() < kFixedBytes + kMacBytes) return std::nullopt;
  const std::string_view sealed = std::string_view(*bytes).substr(0, bytes->size() - kMacBytes);
  const std::string_view mac = std::string_view(*bytes).substr(sealed.size());
  {
    MutexLock lock(mutex_);
    const auto fits = [&](const std::string& key) { return SameMac(Mac(key, sealed), mac); };
    if (std::ranges::none_of(keys_, fits)) return std::nullopt;
  }
  if (sealed[0] != kFormat) return std::nullopt;
  WriteToken token;
  token.epoch = ReadNumber<std::uint32_t>(sealed, 2);
  if (sealed[1] == 1) token.transaction = ReadNumber<std::uint64_t>(sealed, 6);
  token.sequence = ReadNumber<std::uint64_t>(sealed, 14);
  token.foreign = ReadNumber<std::uint64_t>(sealed, 22) != process_;
  token.database = sealed.substr(kFixedBytes);
  return token;
}

}  // namespace kck

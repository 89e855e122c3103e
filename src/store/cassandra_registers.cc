#include "store/cassandra_registers.h"

#include <array>

#include "store/cassandra_tables.h"

namespace kck {

void CassandraRegisters::Read(const std::string& name, SharedStore::RegisterCallback done) {
  const std::array values{CqlValue::Bytes(name)};
  const CqlOptions options{.idempotent = true, .consistency = CqlConsistency::kSerial};
  session_.client().Execute(session_.statement(StoreStatement::kReadRegister), values, options,
                            [done = std::move(done)](const CqlResult& found) {
                              if (!found.ok()) return done(Failure(FailureOf(found, "read a register").error));
                              if (found.rows() == 0 || found.IsNull(0, 0)) return done(std::nullopt);
                              done(std::optional(std::string(found.Bytes(0, 0))));
                            });
}

void CassandraRegisters::Swap(Swapping swapping) {
  const auto shared = std::make_shared<Swapping>(std::move(swapping));
  const std::array values{CqlValue::Int(shared->keep_s), CqlValue::Bytes(shared->value), CqlValue::Bytes(shared->name),
                          shared->expected ? CqlValue::Bytes(*shared->expected) : CqlValue::Null()};
  const CqlOptions options{.serial_consistency = CqlConsistency::kSerial};
  session_.client().Execute(session_.statement(StoreStatement::kSwapRegister), values, options,
                            [this, shared](const CqlResult& written) {
                              if (written.status() == CqlStatus::kBadRequest) {
                                return shared->done(Failure(FailureOf(written, "change a register").error));
                              }
                              if (!written.ok()) return Settle(shared, FailureOf(written, "change a register").error);
                              if (written.applied()) return shared->done(shared->value);
                              Settle(shared, std::nullopt);
                            });
}

void CassandraRegisters::Settle(const std::shared_ptr<Swapping>& swapping, const std::optional<Error>& unclear) {
  Read(swapping->name, [swapping, unclear](Result<std::optional<std::string>> held) {
    if (!held) return swapping->done(Failure(unclear.value_or(held.error())));
    if (unclear && *held == swapping->expected) return swapping->done(Failure(*unclear));
    // It was there when the swap was refused, and its time has come since.
    if (!*held)
      return swapping->done(Fail(ErrorCode::kStoreError, "the register went while it was changed: try again"));
    swapping->done(**std::move(held));
  });
}

void CassandraRegisters::ReadNumber(const std::string& name, SharedStore::NumberCallback done) {
  const std::array values{CqlValue::Bytes(name)};
  session_.client().Execute(session_.statement(StoreStatement::kReadHighest), values, {.idempotent = true},
                            [done = std::move(done)](const CqlResult& found) {
                              if (!found.ok()) return done(Failure(FailureOf(found, "read a number").error));
                              if (found.rows() == 0) return done(std::uint64_t{0});
                              done(static_cast<std::uint64_t>(found.Bigint(0, 0).value_or(0)));
                            });
}

void CassandraRegisters::RaiseNumber(const std::string& name, std::uint64_t number, Store::PutCallback done) {
  const auto stored = static_cast<std::int64_t>(number);
  const std::array values{CqlValue::Bytes(name), CqlValue::Bigint(stored), CqlValue::Bigint(stored)};
  session_.client().Execute(session_.statement(StoreStatement::kRaiseHighest), values, {.idempotent = true},
                            [done = std::move(done)](const CqlResult& written) {
                              if (!written.ok()) return done(Failure(FailureOf(written, "raise a number").error));
                              done({});
                            });
}

}  // namespace kck

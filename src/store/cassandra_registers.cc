#include "store/cassandra_registers.h"

#include <array>

#include "store/cassandra_tables.h"

namespace kck {

void CassandraRegisters::Read(const std::string& name, SharedStore::RegisterCallback done) {
  Read(name, Contention(scheduler_), [done = std::move(done)](Held held) {
    if (!held) return done(Failure(std::move(held.error().error)));
    done(*std::move(held));
  });
}

void CassandraRegisters::Read(const std::string& name, Contention contention,
                              OutcomeCallback<std::optional<std::string>> done) {
  const std::array values{CqlValue::Bytes(name)};
  const CqlOptions options{.idempotent = true, .consistency = CqlConsistency::kSerial};
  session_.client().Execute(session_.statement(StoreStatement::kReadRegister), values, options,
                            [this, name, contention, done = std::move(done)](const CqlResult& found) mutable {
                              if (!found.ok() && MayTryAgain(found.status(), contention)) {
                                return Read(name, contention, std::move(done));
                              }
                              if (!found.ok()) return done(tl::unexpected(FailureOf(found, "read a register")));
                              if (found.rows() == 0 || found.IsNull(0, 0)) return done(std::nullopt);
                              done(std::optional(std::string(found.Bytes(0, 0))));
                            });
}

void CassandraRegisters::Try(const std::shared_ptr<Swapping>& swapping, Contention contention) {
  const std::array values{CqlValue::Int(swapping->keep_s), CqlValue::Bytes(swapping->value),
                          CqlValue::Bytes(swapping->name),
                          swapping->expected ? CqlValue::Bytes(*swapping->expected) : CqlValue::Null()};
  const CqlOptions options{.serial_consistency = CqlConsistency::kSerial};
  session_.client().Execute(session_.statement(StoreStatement::kSwapRegister), values, options,
                            [this, swapping, contention](const CqlResult& written) {
                              if (!written.ok()) {
                                CassandraFailure failure = FailureOf(written, "change a register");
                                if (written.status() != CqlStatus::kBadRequest) {
                                  return Settle(swapping, contention, failure);
                                }
                                return swapping->done(Failure(std::move(failure.error)));
                              }
                              if (written.applied()) return swapping->done(swapping->value);
                              Settle(swapping, contention, std::nullopt);
                            });
}

void CassandraRegisters::Settle(const std::shared_ptr<Swapping>& swapping, Contention contention,
                                const std::optional<CassandraFailure>& unclear) {
  Read(swapping->name, contention, [this, swapping, contention, unclear](Held held) mutable {
    if (!held) return swapping->done(Failure(unclear.value_or(held.error()).error));
    if (unclear && *held == swapping->expected) {
      if (MayTryAgain(unclear->status, contention)) return Try(swapping, contention);
      return swapping->done(Failure(unclear->error));
    }
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

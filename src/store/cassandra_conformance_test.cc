// The store in Cassandra, against what every store keeps to: as it is, where the tests' entries are without a product,
// and with a product's fingerprint in place of none.
#include "testing/cassandra_fixture.h"
#include "testing/store_conformance.h"

namespace kck {
namespace {

constexpr std::uint64_t kProduct = 99;

// Keys that no other test uses, and `zero` for the fingerprint 0.
class AsOneTest : public Store {
 public:
  AsOneTest(std::unique_ptr<Store> store, std::uint64_t zero) : store_(std::move(store)), zero_(zero) {}

  void Get(std::string key, std::uint64_t fingerprint, GetCallback done) override {
    store_->Get(prefix_ + key, fingerprint == 0 ? zero_ : fingerprint, std::move(done));
  }
  void Put(std::string key, EntryPtr entry, PutCallback done) override {
    store_->Put(prefix_ + key, Changed(entry), std::move(done));
  }
  void PutIf(std::string key, EntryPtr entry, PutCondition condition, PutCallback done) override {
    store_->PutIf(prefix_ + key, Changed(entry), condition, std::move(done));
  }
  void PutRecord(std::string name, std::string value, PutCallback done) override {
    store_->PutRecord(std::move(name), std::move(value), std::move(done));
  }
  void DeleteRecord(std::string name, PutCallback done) override {
    store_->DeleteRecord(std::move(name), std::move(done));
  }
  void GetRecords(std::string prefix, RecordsCallback done) override {
    store_->GetRecords(std::move(prefix), std::move(done));
  }
  void Close() override { store_->Close(); }

 private:
  EntryPtr Changed(const EntryPtr& entry) const {
    EntryFacts facts = entry->facts();
    if (facts.fingerprint != 0) return entry;
    facts.fingerprint = zero_;
    return Entry::MakeRenewal(entry, facts);
  }

  const std::unique_ptr<Store> store_;
  const std::uint64_t zero_;
  const std::string prefix_ = TestKey();
};

StoreUnderTest Cassandra(const std::string& name, std::uint64_t zero) {
  const auto open = [zero](const std::string&, Scheduler& scheduler) {
    return std::make_unique<AsOneTest>(OpenTestStore(scheduler), zero);
  };
  return {.name = name, .open = open, .one_definition = false, .zero_is_a_definition = zero != 0};
}

INSTANTIATE_TEST_SUITE_P(Cassandra, StoreConformance,
                         testing::Values(Cassandra("settable", 0), Cassandra("product", kProduct)), NameOfStore);

}  // namespace
}  // namespace kck

// A product's refresh block: what is read, what follows from it, and that every fault is told with its place.
#include "model/refresh_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "testing/folder_fixture.h"

namespace kck {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using Kind = Trigger::Part::Kind;

class RefreshReaderTest : public FolderFixture {
 protected:
  RefreshReaderTest() {
    Write("products/ids.yml", "query: {template: select 1}\n");
    Write("products/other.yml",
          "parameters: [{name: id, type: int}, {name: tag, nullable: true}]\n"
          "query: {template: \"select :id, :tag\"}\n");
    Write("updaters/item_updater.yml",
          "parameters: [{name: id, type: int, primary_key: true}, {name: name}]\n"
          "query: {template: {update: \"update item set name = :name where id = :id\"}}\n");
  }

  static std::string Yaml(const std::string& rest) {
    return "name: item\nparameters: [{name: id, type: int}]\nquery: {template: \"select :id\"}\n" + rest;
  }

  // The product `item` with more lines of YAML, from line 4 on.
  ProductPtr Item(const std::string& rest) {
    Write("products/p.yml", Yaml(rest));
    for (const ProductPtr& product : LoadSound().products) {
      if (product->name == "item") return product;
    }
    return nullptr;
  }

  // The one fault that they bring.
  std::string FaultOf(const std::string& rest) { return FolderFixture::FaultOf("products/p.yml", Yaml(rest)); }
};

TEST_F(RefreshReaderTest, ReadsAWholeBlock) {
  const ProductPtr item = Item(
      "refresh:\n  after_primes: [other/:id/a%2Fb, ids]\n  after_updates: item_updater/:id\n  domain_key: ids\n"
      "  every: 5m\n  jitter: 0.25\n  on_boot: true\n  fresh: 500ms\n  on_change: off\n");
  const RefreshRules& rules = item->refresh;
  ASSERT_EQ(rules.after_primes.size(), 2U);
  const Trigger& other = rules.after_primes[0];
  EXPECT_EQ(other.text, "other/:id/a%2Fb");
  EXPECT_EQ(other.source, "other");
  EXPECT_FALSE(other.whole_source);
  ASSERT_EQ(other.parts.size(), 2U);
  EXPECT_EQ(other.parts[0].kind, Kind::kParam);
  EXPECT_EQ(other.parts[0].text, "id");
  EXPECT_EQ(other.parts[1].kind, Kind::kLiteral);
  EXPECT_EQ(other.parts[1].text, "a/b") << "split first, decoded after";
  EXPECT_EQ(other.location.line, 5);
  EXPECT_EQ(other.location.column, 18);
  EXPECT_TRUE(rules.after_primes[1].whole_source);
  ASSERT_EQ(rules.after_updates.size(), 1U) << "one needs no list";
  EXPECT_EQ(rules.domain_key, "ids");
  EXPECT_EQ(rules.domain_location.line, 7);
  EXPECT_EQ(rules.schedule->every, minutes(5));
  EXPECT_EQ(rules.schedule->jitter, 0.25);
  EXPECT_TRUE(rules.on_boot);
  EXPECT_EQ(rules.fresh, milliseconds(500));
}

TEST_F(RefreshReaderTest, LoadsAFolderOfKck06Unchanged) {
  Write("products/all_item_ids.yml", "database: main\nquery:\n  template: select id from item\n  type: rows\n");
  const ProductPtr item = Item(
      "expire_seconds: 3600\nprime_on_cache_miss: true\n"
      "refresh:\n  after_primes: [other/:id/*]\n  after_updates: [item_updater/:id]\n  domain_key: all_item_ids\n");
  EXPECT_EQ(item->refresh.after_primes[0].parts[1].kind, Kind::kAny);
  EXPECT_EQ(item->refresh.domain_key, "all_item_ids");
  EXPECT_EQ(item->stale_after, std::nullopt) << "no age follows from triggers";
}

TEST_F(RefreshReaderTest, ABlockMayBeEmpty) {
  EXPECT_TRUE(Item("refresh:\n")->refresh.after_primes.empty());
  EXPECT_TRUE(Item("refresh: {after_primes: , after_updates: []}\n")->refresh.after_updates.empty());
}

TEST_F(RefreshReaderTest, ReadsTheBlockOfASqlFile) {
  Write("products/top.sql", "-- refresh: {every: 1h, on_boot: true}\nselect 1\n");
  const Folder folder = LoadSound();
  const auto top = std::ranges::find(folder.products, "top", [](const ProductPtr& product) { return product->name; });
  EXPECT_EQ((*top)->refresh.schedule->every, hours(1));
}

TEST_F(RefreshReaderTest, ReadsDurations) {
  const auto every = [this](const std::string& text) {
    return *Item("refresh: {every: " + text + "}\n")->refresh.schedule->every;
  };
  EXPECT_EQ(every("500ms"), milliseconds(500));
  EXPECT_EQ(every("2s"), seconds(2));
  EXPECT_EQ(every("5m"), minutes(5));
  EXPECT_EQ(every("1.5h"), minutes(90));
  EXPECT_EQ(every("1d"), hours(24));
  EXPECT_EQ(every("90"), seconds(90));
  EXPECT_EQ(every("0.5"), milliseconds(500));
}

TEST_F(RefreshReaderTest, ReadsCron) {
  const ProductPtr item = Item("refresh: {cron: \"0 3 * * *\", timezone: Europe/Berlin, jitter: 0}\n");
  ASSERT_TRUE(item->refresh.schedule->cron);
  constexpr std::int64_t kMidsummer = 1782000000000;  // 2026-06-21 00:00 UTC
  EXPECT_EQ(item->refresh.schedule->NextAfter(kMidsummer, 1), kMidsummer + 3600 * 1000);
  EXPECT_EQ(item->stale_after, std::nullopt) << "nothing says how old is too old";
  EXPECT_EQ(Item("refresh: {cron: \"@hourly\"}\n")->refresh.schedule->jitter, 0.1);
}

TEST_F(RefreshReaderTest, ASoftAgeFollowsFromTheRules) {
  EXPECT_EQ(Item("refresh: {every: 5m}\n")->stale_after, minutes(10));
  EXPECT_EQ(Item("refresh: {every: 5m, fresh: 2s}\n")->stale_after, seconds(2));
  EXPECT_EQ(Item("refresh: {fresh: 2s}\n")->stale_after, seconds(2));
  EXPECT_EQ(Item("refresh: {every: 5m}\nstale_seconds: 7\n")->stale_after, seconds(7));
  EXPECT_EQ(Item("refresh: {every: 5m}\nexpire_seconds: 601\n")->stale_after, minutes(10));
  EXPECT_EQ(Item("refresh: {every: 5m}\nexpire_seconds: 600\n")->stale_after, std::nullopt)
      << "it expires before it could be stale";
}

TEST_F(RefreshReaderTest, PlacesTheFaultsOfTimes) {
  EXPECT_EQ(FaultOf("refresh: {every: 5m, cron: \"@daily\"}\n"),
            "products/p.yml:4:28: error: every and cron are both given (keep one of them)");
  EXPECT_EQ(FaultOf("refresh: {every: 9ms}\n"),
            "products/p.yml:4:18: error: every is below 10ms (nothing is refreshed more often than that)");
  for (const char* wrong : {"0s", "-5s", "5 minutes", "m", "1w", "nan"}) {
    EXPECT_EQ(FaultOf(fmt::format("refresh: {{every: {}}}\n", wrong)),
              "products/p.yml:4:18: error: \"every\" has to be a duration above zero (as 500ms, 2s, 5m, 1h or 1d; a "
              "number alone is seconds)");
  }
  EXPECT_EQ(FaultOf("refresh: {cron: \"61 * * * *\"}\n"),
            "products/p.yml:4:17: error: \"cron\" is not one: minute \"61\": not from 0 to 59; right is 0, */10 or "
            "15,45");
  EXPECT_EQ(FaultOf("refresh: {cron: \"@daily\", timezone: Europe/Berln}\n"),
            "products/p.yml:4:37: error: there is no time zone \"Europe/Berln\": did you mean \"Europe/Berlin\"?");
  EXPECT_THAT(FaultOf("refresh: {cron: \"61 * * * *\", timezone: Mars}\n"),
              testing::AllOf(HasSubstr("4:41: error: there is no time zone"), HasSubstr("4:17: error: \\\"cron\\\"")))
      << "both in one run";
  EXPECT_EQ(FaultOf("refresh: {every: 5m, timezone: UTC}\n"),
            "products/p.yml:4:32: error: timezone has no meaning without cron (add cron, or take timezone out)");
  EXPECT_EQ(FaultOf("refresh: {jitter: 0.2}\n"),
            "products/p.yml:4:19: error: jitter has no meaning without every or cron (add one of them, or take jitter "
            "out)");
  EXPECT_EQ(FaultOf("refresh: {every: 5m, jitter: 0.6}\n"),
            "products/p.yml:4:30: error: \"jitter\" has to be a number from 0 to 0.5");
  EXPECT_THAT(FaultOf("refresh: {fresh: soon}\n"), HasSubstr("p.yml:4:18: error: \"fresh\" has to be a duration"));
}

TEST_F(RefreshReaderTest, PlacesTheFaultsOfLifetimes) {
  EXPECT_EQ(FaultOf("refresh: {fresh: 60s}\nexpire_seconds: 60\n"),
            "products/p.yml:4:18: error: fresh is not below expire_seconds (a value that has expired is gone, so it "
            "cannot be refreshed in time)");
  EXPECT_EQ(FaultOf("refresh: {every: 1m}\nexpire_seconds: 60\n"),
            "products/p.yml:4:18: error: every is not below expire_seconds (a value would be gone before it is "
            "refreshed; let expire_seconds be some times every)");
}

TEST_F(RefreshReaderTest, PlacesTheFaultsOfKeys) {
  EXPECT_EQ(FaultOf("refresh: {on_boot: true}\n"),
            "products/p.yml:4:20: error: on_boot has no keys to begin with (the product has parameters: add "
            "domain_key, whose value lists them, or take on_boot out)");
  EXPECT_EQ(FaultOf("refresh: {domain_key: \"\"}\n"),
            "products/p.yml:4:23: error: domain_key names no key (as domain_key: all_item_ids)");
  EXPECT_EQ(FolderFixture::FaultOf("products/p.yml", "query: {template: select 1}\nrefresh: {domain_key: ids}\n"),
            "products/p.yml:2:23: error: domain_key has no meaning for a product without parameters (it lists the "
            "parameters of a product's keys; take it out)");
  EXPECT_EQ(FaultOf("refresh: {after_primes: [ids, other/%4/*]}\n"),
            "products/p.yml:4:31: error: other/%4/*: a % is not followed by two hexadecimal digits (write a percent "
            "sign as %25)");
  EXPECT_EQ(FaultOf("refresh: {after_primes: {other: id}}\n"),
            "products/p.yml:4:25: error: \"after_primes\" has to be a list (as after_primes: [other/:id])");
  EXPECT_THAT(FaultOf("refresh: {after_updates: [[item_updater]]}\n"),
              HasSubstr("p.yml:4:27: error: \"after_updates\" has to be a single value"));
}

TEST_F(RefreshReaderTest, PlacesOtherFields) {
  EXPECT_EQ(FaultOf("refresh: {on_change: auto}\n"),
            "products/p.yml:4:22: error: \"on_change\" is not in this version (take it out: it would not be enforced)");
  EXPECT_THAT(FaultOf("refresh: {on_change: [{table: t}]}\n"), HasSubstr("p.yml:4:22: error: \"on_change\" is not in"));
  EXPECT_EQ(FaultOf("refresh: {evry: 5m}\n"),
            "products/p.yml:4:11: error: unknown field \"evry\" in refresh (did you mean \"every\"?)");
  EXPECT_EQ(FaultOf("refresh: 5m\n"),
            "products/p.yml:4:10: error: refresh has to be a mapping (write it as field: value)");
}

}  // namespace
}  // namespace kck

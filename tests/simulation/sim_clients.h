// Clients of the node: each does one thing after another, and holds every answer against what it may rely on.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "simulation/checker.h"
#include "simulation/sim_node.h"

namespace kck {

// Tokens of the last writes, which any client may have been told of by another one.
class KnownTokens {
 public:
  struct Token {
    std::string text;
    std::string database;
    Row row = 0;
    std::uint64_t number = 0;
  };

  void Add(Token token);
  const std::vector<Token>& all() const { return tokens_; }
  std::uint64_t NextSet() { return ++sets_; }  // so that no two sets are of one value

 private:
  std::vector<Token> tokens_;
  std::uint64_t sets_ = 0;
};

class SimClients {
 public:
  // `node` is the node that serves now; null: none does.
  SimClients(SimScheduler& scheduler, Random& random, Checker& checker, const NodeSettings& settings,
             KnownTokens& tokens, std::function<SimNode*()> node)
      : process_(scheduler),
        random_(random),
        checker_(checker),
        rows_(settings.rows),
        inserts_(settings.inserts),
        think_max_(settings.think_max),
        tokens_(tokens),
        node_(std::move(node)) {}

  // Lets one more client act, until End.
  void Add() { Next(); }
  // They begin nothing from now on.
  void End() { ended_ = true; }
  // The node was killed: nobody gets an answer, and all begin anew.
  void LoseNode();

  // How many wait for an answer.
  std::size_t waiting() const { return waiting_; }

  // Reads the key as a client does, and checks the answer. `done` runs with it.
  void Read(const ResolvedKey& key, Engine::FetchCallback done);

  // Refreshes it, and waits for that.
  void Refresh(const ResolvedKey& key);

  // Every key that a client may ask for and that has a product.
  static std::vector<ResolvedKey> AllKeys(const CatalogPtr& catalog, int rows);

 private:
  using Then = std::function<void()>;

  void Next();
  void Act();
  Then Asks();
  ResolvedKey AnyKey();
  std::string AnyProduct();

  void ReadAfterWrite(const ResolvedKey& key);
  void Update();
  void OnUpdated(std::string_view database, const Result<Updated>& updated);
  void QueueRefresh(const ResolvedKey& key);
  void RefreshProduct(const std::string& product);
  void RefreshDomain();
  void Set();
  void Purge(const ResolvedKey& key);
  void PurgeProduct(const std::string& product);

  SimProcess process_;
  Random& random_;
  Checker& checker_;
  const int rows_;
  const bool inserts_;
  const Duration think_max_;
  KnownTokens& tokens_;
  const std::function<SimNode*()> node_;
  bool ended_ = false;
  std::size_t waiting_ = 0;
};

}  // namespace kck

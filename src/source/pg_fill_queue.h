// Fills that wait for a connection, in their order, and which of them go as one statement.
//
// On the source's thread.
#pragma once

#include <list>
#include <vector>

#include "source/pg_fill.h"

namespace kck {

class PgFillQueue {
 public:
  bool empty() const { return fills_.empty(); }
  const std::list<PgFillPtr>& fills() const { return fills_; }

  void PushBack(const PgFillPtr& fill) { Insert(fills_.end(), fill); }
  void PushFront(const PgFillPtr& fill) { Insert(fills_.begin(), fill); }

  // Of a fill that may have left the queue already.
  void Remove(PgFill& fill);

  // With how many others, itself included, the first fill may be filled. Requires a fill.
  std::size_t KeysMax() const;

  // Takes the first fill, and with it those of its statement behind it that run as the same, up to KeysMax together.
  std::vector<PgFillPtr> TakeTogether();

 private:
  void Insert(std::list<PgFillPtr>::iterator place, const PgFillPtr& fill);

  std::list<PgFillPtr> fills_;
};

}  // namespace kck

// How a key is marked in Cassandra: beside its entries, in their partition, so that whoever reads them reads its marks.
#pragma once

#include <optional>
#include <string>

#include "store/cassandra_puts.h"
#include "store/shared_store.h"

namespace kck {

// SharedStore::MarkShared. `done` is called once, as the tables do; `tools` outlive it.
void PutMark(const PutTools& tools, const std::string& key, const std::optional<MarkedTransaction>& transaction,
             SharedStore::NumberCallback done);

}  // namespace kck

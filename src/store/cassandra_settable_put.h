// A put of an entry without a product: the part of PutEntry that works by lightweight transactions.
#pragma once

#include "store/cassandra_puts.h"

namespace kck {

// As PutEntry, of whose entries this takes those with the fingerprint 0.
void PutSettable(const PutTools& tools, EntryPut put);

}  // namespace kck

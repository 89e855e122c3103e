// Reading a write: which of an updater's statements it asks for, and with which values.
//
// Pure functions; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "model/product_key.h"
#include "model/updater.h"

namespace kck {

// One field of a body, as it was sent.
struct WriteField {
  enum class Kind {
    kFormText,  // of a form, which has no other type
    kText,      // a JSON string, without its quotes and escapes
    kNumber,    // JSON, as it was written
    kBool,      // "true" or "false"
    kNull,
  };

  std::string name;
  Kind kind = Kind::kText;
  std::string text;
};

enum class WriteCall { kCreate, kUpdate, kDelete };

// A write that has been read: bound to the definition that it named at that moment.
struct ResolvedWrite {
  UpdaterPtr updater;
  WriteAction action = WriteAction::kInsert;
  std::vector<ParamValue> params;  // of the action's statement, in order
  // The primary key; nothing for a part that the database will choose.
  std::vector<std::optional<ParamValue>> key;
};

// The parameters of its statement, by name.
std::vector<std::pair<std::string, ParamValue>> NamedParams(const ResolvedWrite& write);

// "item/7", as keys are spelled; the name alone where the primary key is not known.
std::string WriteKey(const ResolvedWrite& write);

// `key` is what follows the updater's name in the path: the primary key, a segment a parameter, still encoded; or
// empty.
//
// A create inserts, and an update updates, but for the rule of KCK 0.6: a write that carries the primary key is an
// update, else an insert. So an update without the key inserts; a create with the key updates, unless the insert takes
// the key as well, since then it is the caller who chooses keys. In a create, a key that is null counts as not there.
//
// KCKBadRequest where the fields are not what the statement takes; it names the parameter. One that is nullable may be
// left out, and is NULL then.
//
// Parameters `from_token` stand as they are, and neither the path nor the body may name them.
Result<ResolvedWrite> ResolveWrite(UpdaterPtr updater, WriteCall call, std::string_view key,
                                   const std::vector<WriteField>& fields, const TokenParams& from_token = {});

}  // namespace kck

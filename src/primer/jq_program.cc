#include "primer/jq_program.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <memory>

#include "base/thread_annotations.h"
#include "primer/jq_error.h"

extern "C" {
#include <jq.h>
}

namespace kck {
namespace {

constexpr std::size_t kIdleMax = 200;

struct JqFree {
  void operator()(jq_state* jq) const {
    jq_state* owned = jq;
    jq_teardown(&owned);
  }
};

using JqPtr = std::unique_ptr<jq_state, JqFree>;

void Drop(std::string& text, std::string_view part) {
  const std::size_t found = text.find(part);
  if (found != std::string::npos) text.erase(found, part.size());
}

// Keeps the first line of the first message: jq goes on with the program's text, and with what follows from the fault.
void KeepMessage(void* to, jv message) {
  auto& text = *static_cast<std::string*>(to);
  jv formatted = jq_format_error(message);
  if (text.empty()) {
    text = jv_string_value(formatted);
    text.resize(std::min(text.find('\n'), text.size()));
    if (text.ends_with(':')) text.pop_back();
    Drop(text, " (Unix shell quoting issues?)");
    Drop(text, "error: ");
  }
  jv_free(formatted);
}

// Null, with `fault` set, where the program does not compile.
JqPtr Compile(const std::string& program, std::string& fault) {
  JqPtr jq(jq_init());
  if (!jq) {
    fault = "out of memory";
    return nullptr;
  }
  // A program stands alone: with no path at all, libjq would abort the process at an import.
  jq_set_attr(jq.get(), jv_string("JQ_LIBRARY_PATH"), jv_array());
  jq_set_error_cb(jq.get(), KeepMessage, &fault);
  const bool compiled = jq_compile(jq.get(), program.c_str()) != 0;
  jq_set_error_cb(jq.get(), nullptr, nullptr);
  if (compiled) return jq;
  if (fault.empty()) fault = "it does not compile";
  return nullptr;
}

// Compiled programs that no thread runs at the moment. To compile one takes jq near a tenth of a second, for its own
// library; a program runs on one thread at a time.
class IdlePrograms {
 public:
  // Null where none is idle.
  JqPtr Take(const std::string& program) {
    const MutexLock lock(mutex_);
    const auto found = idle_.find(program);
    if (found == idle_.end()) return nullptr;
    JqPtr jq = std::move(found->second);
    idle_.erase(found);
    return jq;
  }

  void Put(const std::string& program, JqPtr jq) {
    const MutexLock lock(mutex_);
    if (idle_.size() >= kIdleMax) idle_.erase(idle_.begin());
    idle_.emplace(program, std::move(jq));
  }

 private:
  Mutex mutex_;
  std::multimap<std::string, JqPtr> idle_ KCK_GUARDED_BY(mutex_);
};

IdlePrograms& Idle() {
  static IdlePrograms programs;
  return programs;
}

JqPtr TakeOrCompile(const std::string& program, std::string& fault) {
  JqPtr jq = Idle().Take(program);
  return jq ? std::move(jq) : Compile(program, fault);
}

// Takes ownership of a result that is no value: the end of the outputs, or an error.
Result<std::string> EndOrError(jv result, const std::string& program) {
  if (jv_invalid_has_msg(jv_copy(result)) == 0) {
    jv_free(result);
    return "null";
  }
  jv message = jv_invalid_get_msg(result);
  std::string text = "an error that is no text";
  if (jv_get_kind(message) == JV_KIND_STRING) text = WithoutData(jv_string_value(message), program);
  jv_free(message);
  return Fail(ErrorCode::kPrimerFailed, fmt::format("jq: {}", text));
}

Result<std::string> FirstOutput(jq_state& jq, jv input, const std::string& program) {
  jq_start(&jq, input, 0);
  jv first = jq_next(&jq);
  if (jv_is_valid(first) == 0) return EndOrError(first, program);
  jv text = jv_dump_string(first, 0);
  std::string value(jv_string_value(text), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(text))));
  jv_free(text);
  return value;
}

}  // namespace

Result<std::string> JqFirst(const std::string& program, const std::string& json) {
  std::string fault;
  JqPtr jq = TakeOrCompile(program, fault);
  if (!jq) return Fail(ErrorCode::kPrimerFailed, "jq: the program does not compile; run kck check");
  if (json.size() > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    return Fail(ErrorCode::kPrimerFailed, "jq: the rows are too large; select fewer");
  }
  jv input = jv_parse_sized(json.data(), static_cast<int>(json.size()));
  if (jv_is_valid(input) == 0) {
    jv_free(input);
    return Fail(ErrorCode::kPrimerFailed, "jq could not read the rows");
  }
  Result<std::string> value = FirstOutput(*jq, input, program);
  // A program that could go on holds its input until it is started anew.
  jq_start(jq.get(), jv_null(), 0);
  Idle().Put(program, std::move(jq));
  return value;
}

std::string JqFault(const std::string& program) {
  std::string fault;
  JqPtr jq = TakeOrCompile(program, fault);
  if (jq) Idle().Put(program, std::move(jq));
  return fault;
}

}  // namespace kck

#include "primer/jq_program.h"

#include <fmt/format.h>

#include <limits>
#include <map>
#include <memory>

#include "primer/jq_error.h"

extern "C" {
#include <jq.h>
}

namespace kck {
namespace {

constexpr std::size_t kProgramsMax = 200;  // a thread; past it all are compiled anew

struct JqFree {
  void operator()(jq_state* jq) const {
    jq_state* owned = jq;
    jq_teardown(&owned);
  }
};

using JqPtr = std::unique_ptr<jq_state, JqFree>;

// Keeps the first line of the first message: jq goes on with the program's text, and with what follows from the fault.
void KeepMessage(void* to, jv message) {
  auto& text = *static_cast<std::string*>(to);
  jv formatted = jq_format_error(message);
  const std::string_view whole = jv_string_value(formatted);
  if (text.empty()) text = whole.substr(0, whole.find('\n'));
  jv_free(formatted);
}

// Null, with `fault` set, where the program does not compile.
JqPtr Compile(const std::string& program, std::string& fault) {
  JqPtr jq(jq_init());
  if (!jq) {
    fault = "out of memory";
    return nullptr;
  }
  jq_set_error_cb(jq.get(), KeepMessage, &fault);
  const bool compiled = jq_compile(jq.get(), program.c_str()) != 0;
  jq_set_error_cb(jq.get(), nullptr, nullptr);
  if (compiled) return jq;
  if (fault.empty()) fault = "it does not compile";
  return nullptr;
}

jq_state* CompiledHere(const std::string& program, std::string& fault) {
  thread_local std::map<std::string, JqPtr> programs;
  auto found = programs.find(program);
  if (found == programs.end()) {
    JqPtr compiled = Compile(program, fault);
    if (!compiled) return nullptr;
    if (programs.size() >= kProgramsMax) programs.clear();
    found = programs.emplace(program, std::move(compiled)).first;
  }
  return found->second.get();
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
  jq_state* jq = CompiledHere(program, fault);
  if (jq == nullptr) return Fail(ErrorCode::kPrimerFailed, "jq: the program does not compile; run kck check");
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
  jq_start(jq, jv_null(), 0);
  return value;
}

std::string JqFault(const std::string& program) {
  std::string fault;
  Compile(program, fault);
  return fault;
}

}  // namespace kck

#include "primer/jq_program.h"

#include <fmt/format.h>

#include <map>
#include <memory>

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

void KeepMessage(void* to, jv message) {
  auto& text = *static_cast<std::string*>(to);
  jv formatted = jq_format_error(message);
  if (text.empty()) text = jv_string_value(formatted);
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
Result<std::string> EndOrError(jv result) {
  if (jv_invalid_has_msg(jv_copy(result)) == 0) {
    jv_free(result);
    return "null";
  }
  jv message = jv_invalid_get_msg(result);
  std::string text = jv_get_kind(message) == JV_KIND_STRING ? jv_string_value(message) : "an error that is no text";
  jv_free(message);
  return Fail(ErrorCode::kPrimerFailed, fmt::format("jq: {}", text));
}

}  // namespace

Result<std::string> JqFirst(const std::string& program, const std::string& json) {
  std::string fault;
  jq_state* jq = CompiledHere(program, fault);
  if (jq == nullptr) return Fail(ErrorCode::kPrimerFailed, fmt::format("jq: {}", fault));
  jv input = jv_parse_sized(json.data(), static_cast<int>(json.size()));
  if (jv_is_valid(input) == 0) {
    jv_free(input);
    return Fail(ErrorCode::kPrimerFailed, "the rows could not be read as JSON");
  }
  jq_start(jq, input, 0);
  jv first = jq_next(jq);
  if (jv_is_valid(first) == 0) return EndOrError(first);
  jv text = jv_dump_string(first, 0);
  std::string value(jv_string_value(text), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(text))));
  jv_free(text);
  return value;
}

std::string JqFault(const std::string& program) {
  std::string fault;
  Compile(program, fault);
  return fault;
}

}  // namespace kck

// Reads what a server said, member by member. What is not there, or of another type, reads as nothing.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kck {

// A part of a JsonAnswer, which has to outlive it.
class JsonView {
 public:
  JsonView() = default;
  explicit JsonView(simdjson::dom::element element) : element_(element) {}

  // False where there is nothing, or null.
  explicit operator bool() const { return element_ && !element_->is_null(); }

  JsonView operator[](std::string_view name) const {
    simdjson::dom::element member;
    if (!element_ || !element_->is_object() || element_->at_key(name).get(member) != simdjson::SUCCESS) return {};
    return JsonView(member);
  }

  std::string Text() const { return std::string(Get<std::string_view>().value_or("")); }
  std::optional<double> MaybeNumber() const { return Get<double>(); }
  double Number() const { return Get<double>().value_or(0); }
  std::size_t Count() const { return static_cast<std::size_t>(std::max(0.0, Number())); }
  bool Bool() const { return Get<bool>().value_or(false); }

  std::vector<JsonView> Items() const {
    std::vector<JsonView> items;
    for (const simdjson::dom::element item : Get<simdjson::dom::array>().value_or(simdjson::dom::array())) {
      items.emplace_back(item);
    }
    return items;
  }

  // Of an object, in their order.
  std::vector<std::pair<std::string, JsonView>> Members() const {
    std::vector<std::pair<std::string, JsonView>> members;
    for (const auto& [name, value] : Get<simdjson::dom::object>().value_or(simdjson::dom::object())) {
      members.emplace_back(name, JsonView(value));
    }
    return members;
  }

 private:
  template <typename T>
  std::optional<T> Get() const {
    T value;
    if (!element_ || element_->get(value) != simdjson::SUCCESS) return std::nullopt;
    return value;
  }

  std::optional<simdjson::dom::element> element_;
};

class JsonAnswer {
 public:
  explicit JsonAnswer(const std::string& text) {
    simdjson::dom::element element;
    if (parser_.parse(text).get(element) == simdjson::SUCCESS) root_ = JsonView(element);
  }

  JsonView root() const { return root_; }

 private:
  simdjson::dom::parser parser_;
  JsonView root_;
};

}  // namespace kck

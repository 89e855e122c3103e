// The bytes that a connection is about to send: text, with large bodies standing in it by reference instead of a copy.
//
// For one thread. A thousand slow readers of one large value then share its bytes.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/entry.h"

namespace kck {

class Output {
 public:
  // Appending to it appends to the output.
  std::string& text() { return text_; }

  // Appends `bytes`, which stand in `owner`. Small ones are copied, since that is cheaper to send.
  void Append(std::string_view bytes, EntryPtr owner);

  std::size_t size() const { return text_.size() + shared_bytes_; }
  bool empty() const { return size() == 0; }

  // Cheaper than three moves, once an answer.
  void Swap(Output& other) noexcept;

  // Empties it, keeping memory for answers of the usual size.
  void Clear();

  // The bytes in order, as pieces that stay valid until the output changes. They are not to be written to.
  void Pieces(std::vector<iovec>& pieces) const;

 private:
  struct Shared {
    std::size_t text_offset;  // where in text_ it stands
    std::string_view bytes;
    EntryPtr owner;
  };

  std::string text_;
  std::vector<Shared> shared_;
  std::size_t shared_bytes_ = 0;
};

}  // namespace kck

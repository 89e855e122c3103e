// Ownership of what a C library makes: std::unique_ptr<BIO, FreedBy<BIO_free>>.
#pragma once

namespace kck {

template <auto free_one>
struct FreedBy {
  template <typename T>
  void operator()(T* one) const {
    free_one(one);
  }
};

}  // namespace kck

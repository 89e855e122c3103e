// For the result of a socket call whose failure changes nothing: closing what is closed, tuning what works untuned.
#pragma once

#include <boost/system/error_code.hpp>

namespace kck {

inline void Disregard(const boost::system::error_code& error) { static_cast<void>(error); }

}  // namespace kck

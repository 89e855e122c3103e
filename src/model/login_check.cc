#include "model/login_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "model/login_settings.h"

namespace kck {

void CheckLogin(const Folder& folder, Faults& faults) {
  const auto& login = folder.settings.auth.login;
  if (!login || login->product.empty() || folder.faulty_products.contains(login->product)) return;
  const auto report = [&](std::string message, std::string cure) {
    faults.push_back({login->location, std::move(message), std::move(cure), false});
  };
  const auto found =
      std::ranges::find(folder.products, login->product, [](const ProductPtr& one) { return one->name; });
  if (found == folder.products.end()) {
    return report(fmt::format("there is no product \"{}\"", login->product),
                  "define it: select id, password_hash from … where email = :email");
  }
  const Product& product = **found;
  if (product.params.size() != login->parts.size()) {
    report(fmt::format("product \"{}\" has {} parameters, and auth_user gives {}", product.name, product.params.size(),
                       login->parts.size()),
           "name each of them, in their order: auth/:email");
  }
  if (product.access.kind != AccessKind::kUnsaid) {
    report(fmt::format(
               "product \"{}\" knows the passwords' hashes, and its access lets others than administrators read it",
               product.name),
           "take access out of it");
  }
}

}  // namespace kck

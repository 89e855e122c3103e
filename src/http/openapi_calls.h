// The operations of the API's description: of products, of updaters, and those that every node has.
//
// Pure functions of a catalog.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "http/openapi_operation.h"
#include "model/catalog.h"

namespace kck {

// What of a node its description depends on.
struct ApiSubject {
  CatalogPtr catalog;
  ApiRules rules;
  std::string admin_role;
  bool public_metrics = false;
  bool has_logins = false;

  ApiAccess Administrators() const { return {ApiAccess::Kind::kToken, {admin_role}}; }
};

void AddProductOperations(ApiPaths& paths, const ApiSubject& subject);  // openapi_products.cc
void AddUpdaterOperations(ApiPaths& paths, const ApiSubject& subject);  // openapi_updaters.cc
void AddFixedOperations(ApiPaths& paths, const ApiSubject& subject);    // openapi_fixed_calls.cc

// Whom a product or updater opens to.
ApiAccess ApiAccessOf(const Access& access, const ApiSubject& subject);

// False: the parameter comes from the token, and stands in no request.
bool IsSent(const Access& access, std::size_t param, const ApiSubject& subject);

// "Parameter owner is the token's claim sub."; empty where no parameter is one.
std::string ClaimsText(const Access& access, const std::vector<Param>& params, const ApiSubject& subject);

// The parameter object of one that stands in the path.
std::string PathParameter(const Param& param);

// For each of the names one that is an identifier, where several would be the same with a hash.
class ApiNames {
 public:
  explicit ApiNames(const std::vector<std::string_view>& names);
  std::string Of(std::string_view name) const;

 private:
  std::map<std::string, int, std::less<>> uses_;
};

}  // namespace kck

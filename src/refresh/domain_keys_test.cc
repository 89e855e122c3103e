#include "refresh/domain_keys.h"

#include <gtest/gtest.h>

namespace kck {
namespace {

ProductPtr ProductOf(std::vector<Param> params) {
  auto product = std::make_shared<Product>();
  product->name = "item";
  product->params = std::move(params);
  return product;
}

const Param kId{"id", ParamType::kInt, false, false};
const Param kName{"name", ParamType::kString, true, false};

std::string Keys(const DomainKeys& domain) {
  std::string keys;
  for (const ResolvedKey& key : domain.keys) keys += (keys.empty() ? "" : " ") + key.text;
  return keys;
}

TEST(ReadDomain, TakesListsObjectsAndScalars) {
  EXPECT_EQ(Keys(*ReadDomain(ProductOf({kId}), R"([[1],{"id":2},3,"04"])", 0, 100)), "item/1 item/2 item/3 item/4");
  EXPECT_EQ(Keys(*ReadDomain(ProductOf({kId, kName}), R"([[1,"a/b"],{"name":null,"id":2}])", 0, 100)),
            "item/1/a%2Fb item/2/%00");
}

TEST(ReadDomain, CountsWhatIsNoKey) {
  const auto domain = ReadDomain(ProductOf({kId}), R"([[1,2],"x",{"no":1},[null],[{"a":1}],5])", 0, 100);
  EXPECT_EQ(Keys(*domain), "item/5");
  EXPECT_EQ(domain->refused, 5U);
}

TEST(ReadDomain, RefusesWhatIsNoList) {
  EXPECT_FALSE(ReadDomain(ProductOf({kId}), R"({"a":1})", 0, 100));
  EXPECT_FALSE(ReadDomain(ProductOf({kId}), "5", 0, 100));
}

TEST(ReadDomain, GivesAPieceAtATime) {
  const ProductPtr product = ProductOf({kId});
  std::string all;
  std::size_t from = 0;
  for (bool more = true; more;) {
    const DomainKeys piece = *ReadDomain(product, "[1,2,3,4,5]", from, 2);
    EXPECT_LE(piece.keys.size(), 2U);
    all += Keys(piece) + ";";
    from = piece.next;
    more = piece.more;
  }
  EXPECT_EQ(all, "item/1 item/2;item/3 item/4;item/5;");
}

}  // namespace
}  // namespace kck

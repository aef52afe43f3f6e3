//! Products of which there is little, with their vendors.

use crate::market::Market;

shop::report! {
    Market: LowStock = "low-stock";
    "Products of which there is little, with their vendors";
    "SELECT p.product_id, p.name, i.quantity_available, i.reorder_level, v.vendor_name \
     FROM stormdb_ecommerce.inventory AS i \
     JOIN stormdb_ecommerce.products AS p USING (product_id) \
     JOIN stormdb_ecommerce.vendors AS v USING (vendor_id) \
     WHERE i.quantity_available <= 2 * i.reorder_level \
     ORDER BY i.quantity_available LIMIT 50"
}

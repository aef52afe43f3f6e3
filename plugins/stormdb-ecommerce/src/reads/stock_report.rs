//! Products to reorder with what is on its way of them.

use crate::market::Market;

shop::report! {
    Market: StockReport = "stock-report";
    "Products to reorder with what is on its way of them";
    "SELECT p.product_id, p.name, i.quantity_available, i.reorder_level, \
         coalesce(due.quantity, 0) AS due, due.expected \
     FROM stormdb_ecommerce.inventory AS i JOIN stormdb_ecommerce.products AS p USING (product_id) \
     LEFT JOIN LATERAL ( \
         SELECT sum(quantity_ordered - quantity_received) AS quantity, \
             min(o.expected_delivery) AS expected \
         FROM stormdb_ecommerce.purchase_order_items AS item \
         JOIN stormdb_ecommerce.purchase_orders AS o USING (po_id) \
         WHERE item.product_id = p.product_id AND item.quantity_received < item.quantity_ordered \
     ) AS due ON true \
     WHERE i.quantity_available <= i.reorder_level \
     ORDER BY i.quantity_available - i.reorder_level LIMIT 20"
}

//! What holds of purchase orders on freshly loaded data, and whatever operations did.

use shop::checks::Condition;

pub(crate) const CONDITIONS: [Condition; 5] = [
    (
        "one-open-purchase-order-per-product",
        "SELECT count(*) FROM ( \
             SELECT product_id FROM shop.purchase_order_items \
             WHERE quantity_received < quantity_ordered \
             GROUP BY product_id HAVING count(*) > 1) AS doubled",
    ),
    (
        "received-purchase-orders-are-complete",
        "SELECT count(*) FROM shop.purchase_orders AS o WHERE status = 'received' AND EXISTS ( \
             SELECT FROM shop.purchase_order_items AS i \
             WHERE i.po_id = o.po_id AND quantity_received < quantity_ordered)",
    ),
    (
        "complete-purchase-orders-are-received",
        "SELECT count(*) FROM shop.purchase_orders AS o \
         WHERE status IN ('pending', 'sent') AND NOT EXISTS ( \
             SELECT FROM shop.purchase_order_items AS i \
             WHERE i.po_id = o.po_id AND quantity_received < quantity_ordered)",
    ),
    (
        "purchase-order-totals-are-the-sums-of-items",
        "SELECT count(*) FROM shop.purchase_orders AS o WHERE total_amount IS DISTINCT FROM ( \
             SELECT sum(total_cost) FROM shop.purchase_order_items AS i WHERE i.po_id = o.po_id)",
    ),
    (
        "nothing-is-received-that-was-not-ordered",
        "SELECT count(*) FROM shop.purchase_order_items \
         WHERE quantity_received > quantity_ordered",
    ),
];

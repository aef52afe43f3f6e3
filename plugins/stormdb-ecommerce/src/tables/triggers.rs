//! What the database does by itself: it orders what runs low, and receives what was ordered.
//!
//! Locks are taken in the order item of a purchase order, purchase order, stock, product, whoever
//! takes them, so that no two wait for each other.

use dataset::Object;

/// Orders a product that runs low, unless it is on order. One order in twenty is at a higher cost,
/// and the product's price follows. The stock's row is locked, so nobody orders it meanwhile.
const REORDER: &str = "CREATE FUNCTION stormdb_ecommerce.reorder_stock() RETURNS trigger \
LANGUAGE plpgsql AS $body$
DECLARE
    lead_days integer;
    id integer;
    quantity integer;
    item_cost numeric := NEW.unit_cost;
BEGIN
    IF EXISTS (SELECT FROM stormdb_ecommerce.purchase_order_items
               WHERE product_id = NEW.product_id AND quantity_received < quantity_ordered) THEN
        RETURN NULL;
    END IF;
    SELECT lead_time_days INTO lead_days FROM stormdb_ecommerce.vendors
    WHERE vendor_id = NEW.supplier_id AND is_active;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    id := nextval('stormdb_ecommerce.purchase_orders_po_id_seq');
    quantity := greatest(NEW.max_stock_level - NEW.quantity_available, 10);
    -- Costs that rise without end would leave their column.
    IF id % 20 = 0 AND item_cost < 1000 THEN
        item_cost := round(item_cost * (1.1 + id / 20 % 21 * 0.01), 2);
        UPDATE stormdb_ecommerce.inventory SET unit_cost = item_cost
        WHERE inventory_id = NEW.inventory_id;
        UPDATE stormdb_ecommerce.products
        SET cost = item_cost, price = round(item_cost * (1 + margin_percent / 100), 2),
            updated_at = now()
        WHERE product_id = NEW.product_id;
    END IF;
    INSERT INTO stormdb_ecommerce.purchase_orders
        (po_id, po_number, vendor_id, total_amount, expected_delivery, created_by)
    VALUES (id, 'PO-' || to_char(now(), 'YYYYMMDD') || '-'
            || lpad(id::text, greatest(6, length(id::text)), '0'),
        NEW.supplier_id, quantity * item_cost, current_date + lead_days, 'reorder');
    INSERT INTO stormdb_ecommerce.purchase_order_items
        (po_id, product_id, quantity_ordered, unit_cost, total_cost)
    VALUES (id, NEW.product_id, quantity, item_cost, quantity * item_cost);
    RETURN NULL;
END $body$";

/// Adds what was received to the stock, and closes the purchase order with its last item. The row of
/// the order is locked before its items are counted, so that of two last items one sees the other.
const RECEIVE: &str = "CREATE FUNCTION stormdb_ecommerce.receive_item() RETURNS trigger \
LANGUAGE plpgsql AS $body$
BEGIN
    PERFORM FROM stormdb_ecommerce.purchase_orders WHERE po_id = NEW.po_id FOR UPDATE;
    IF NEW.quantity_received = NEW.quantity_ordered THEN
        UPDATE stormdb_ecommerce.purchase_order_items SET received_at = now()
        WHERE po_item_id = NEW.po_item_id;
        UPDATE stormdb_ecommerce.purchase_orders
        SET status = 'received', actual_delivery = current_date, updated_at = now()
        WHERE po_id = NEW.po_id AND NOT EXISTS (
            SELECT FROM stormdb_ecommerce.purchase_order_items
            WHERE po_id = NEW.po_id AND quantity_received < quantity_ordered);
    END IF;
    UPDATE stormdb_ecommerce.inventory
    SET quantity_available = quantity_available + NEW.quantity_received - OLD.quantity_received,
        last_restocked = now(), updated_at = now()
    WHERE product_id = NEW.product_id;
    RETURN NULL;
END $body$";

pub(super) const FUNCTIONS: [Object; 2] = [
    Object { create: REORDER, drop: "DROP FUNCTION IF EXISTS stormdb_ecommerce.reorder_stock()" },
    Object { create: RECEIVE, drop: "DROP FUNCTION IF EXISTS stormdb_ecommerce.receive_item()" },
];

/// They see the changed rows, since they come after the change.
pub(super) const TRIGGERS: &str = "\
    CREATE TRIGGER reorder_stock AFTER UPDATE OF quantity_available ON inventory FOR EACH ROW \
        WHEN (NEW.auto_reorder AND NEW.quantity_available <= NEW.reorder_level) \
        EXECUTE FUNCTION reorder_stock(); \
    CREATE TRIGGER receive_item AFTER UPDATE OF quantity_received ON purchase_order_items \
        FOR EACH ROW WHEN (NEW.quantity_received > OLD.quantity_received) \
        EXECUTE FUNCTION receive_item()";

//! The tables that both shops have. Those whose columns differ are macros that take the text of
//! more columns, and functions that take a writer of more fields.

pub mod events;
pub mod inventory;
pub mod order_items;
pub mod orders;
pub mod products;
pub mod reviews;
pub mod sessions;
pub mod users;

/// Units that are committed together.
pub const CHUNK_UNITS: i32 = 5000;
/// Units whose texts are asked for in one call.
pub const BATCH_UNITS: i32 = 100;

/// The references between the tables.
pub const FOREIGN_KEYS: &str = "\
    ALTER TABLE inventory ADD FOREIGN KEY (product_id) REFERENCES products; \
    ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users; \
    ALTER TABLE order_items ADD FOREIGN KEY (order_id) REFERENCES orders, \
        ADD FOREIGN KEY (product_id) REFERENCES products; \
    ALTER TABLE reviews ADD FOREIGN KEY (user_id) REFERENCES users, \
        ADD FOREIGN KEY (product_id) REFERENCES products, \
        ADD FOREIGN KEY (order_id) REFERENCES orders; \
    ALTER TABLE user_sessions ADD FOREIGN KEY (user_id) REFERENCES users; \
    ALTER TABLE product_analytics ADD FOREIGN KEY (product_id) REFERENCES products, \
        ADD FOREIGN KEY (user_id) REFERENCES users";

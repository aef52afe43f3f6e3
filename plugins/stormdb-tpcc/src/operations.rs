//! The list of transactions, in the order of clause 2.

use crate::{terminal::Terminal, transactions};

dataset::operations! {
    Terminal;
    transactions::new_order::NewOrder,
    transactions::payment::Payment,
    transactions::order_status::OrderStatus,
    transactions::delivery::Delivery,
    transactions::stock_level::StockLevel,
}

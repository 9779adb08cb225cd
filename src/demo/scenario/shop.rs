//! What the services behind the shop's front do: the operations they offer each other.

use super::peers::{
    BOOK_PARCEL, CAPTURE_CARD, DEL_CART, EMAIL_QUEUE, GET_FEATURES, HGETALL_CART, HSET_CART,
    INCR_ATTEMPTS, INSERT_LEDGER, INSERT_ORDER, INSERT_PAYMENT, ORDERS_TOPIC, RESERVE_STOCK,
    SEARCH_INDEX, SELECT_CATEGORY, SELECT_ORDER, SELECT_PRODUCT, SELECT_REVIEWS, SELECT_STOCK,
    SELECT_USER, SEND_MAIL, UPDATE_LAST_LOGIN,
};
use super::services::{
    ACCOUNTING, AD, CART, CATALOG, CHECKOUT, CURRENCY, EMAIL_WORKER, FRAUD, INVENTORY,
    NOTIFICATION, PAYMENT, RECOMMENDATION, SEARCH, SHIPPING, USER,
};
use super::{
    BatchConsumer, Delivery, Entry, Fault, Latency, Note, Operation, Publish, Queue, Service, Step,
    ms, tailed,
};

const fn rpc(
    service: &'static Service,
    rpc_service: &'static str,
    method: &'static str,
    work: Latency,
    steps: &'static [Step],
) -> Operation {
    Operation {
        service,
        entry: Entry::Rpc {
            service: rpc_service,
            method,
        },
        work,
        steps,
        faults: &[],
        notes: &[],
    }
}

const fn consumer(
    service: &'static Service,
    queue: &'static Queue,
    work: Latency,
    steps: &'static [Step],
) -> Operation {
    Operation {
        service,
        entry: Entry::Message { queue },
        work,
        steps,
        faults: &[],
        notes: &[],
    }
}

impl Operation {
    const fn failing(self, faults: &'static [Fault]) -> Self {
        Self { faults, ..self }
    }

    pub(super) const fn noting(self, notes: &'static [Note]) -> Self {
        Self { notes, ..self }
    }
}

const CATALOG_RPC: &str = "shop.catalog.v1.CatalogService";
const CART_RPC: &str = "shop.cart.v1.CartService";
const USER_RPC: &str = "shop.user.v1.UserService";
const INVENTORY_RPC: &str = "shop.inventory.v1.InventoryService";

pub(super) static CONVERT: Operation = rpc(
    &CURRENCY,
    "shop.currency.v1.CurrencyService",
    "Convert",
    ms(0.3),
    &[],
);

pub(super) static GET_PRODUCT: Operation = rpc(
    &CATALOG,
    CATALOG_RPC,
    "GetProduct",
    ms(0.8),
    &[Step::Query(&SELECT_PRODUCT)],
)
.noting(&[Note::Product])
.failing(&[Fault {
    chance: 0.006,
    exception: "shop.catalog.ProductNotFoundException",
    message: "No product has this sku",
    http_status: 404,
    rpc_status: "NOT_FOUND",
    slower: 1.0,
}]);

pub(super) static LIST_CATEGORY: Operation = rpc(
    &CATALOG,
    CATALOG_RPC,
    "ListCategory",
    ms(1.5),
    &[Step::Query(&SELECT_CATEGORY)],
);

pub(super) static LIST_REVIEWS: Operation = rpc(
    &CATALOG,
    CATALOG_RPC,
    "ListReviews",
    ms(0.9),
    &[Step::Query(&SELECT_REVIEWS)],
);

pub(super) static CHECK_STOCK: Operation = rpc(
    &INVENTORY,
    INVENTORY_RPC,
    "Check",
    ms(0.3),
    &[Step::Query(&SELECT_STOCK)],
);

static RESERVE: Operation = rpc(
    &INVENTORY,
    INVENTORY_RPC,
    "Reserve",
    ms(0.5),
    &[Step::Query(&RESERVE_STOCK)],
)
.noting(&[Note::Product])
.failing(&[Fault {
    chance: 0.004,
    exception: "OutOfStock",
    message: "库存不足: fewer than requested are left",
    http_status: 409,
    rpc_status: "FAILED_PRECONDITION",
    slower: 1.0,
}]);

pub(super) static RECOMMEND: Operation = rpc(
    &RECOMMENDATION,
    "shop.recommendation.v1.RecommendationService",
    "ForUser",
    tailed(3.0),
    &[
        Step::Query(&GET_FEATURES),
        Step::Compute {
            name: "rank_candidates",
            work: tailed(7.0),
        },
    ],
)
.noting(&[Note::Flag])
.failing(&[Fault {
    chance: 0.003,
    exception: "ValueError",
    message: "operands could not be broadcast together with shapes (64,) (48,)",
    http_status: 500,
    rpc_status: "INTERNAL",
    slower: 0.6,
}]);

pub(super) static PICK_AD: Operation = rpc(
    &AD,
    "shop.ad.v1.AdService",
    "Pick",
    ms(2.0),
    &[Step::Sometimes(0.5, &Step::Query(&GET_FEATURES))],
)
.noting(&[Note::Flag]);

pub(super) static SEARCH_PRODUCTS: Operation = rpc(
    &SEARCH,
    "shop.search.v1.SearchService",
    "Search",
    ms(1.1),
    &[
        Step::Compute {
            name: "parse_query",
            work: ms(0.4),
        },
        Step::Fetch(&SEARCH_INDEX),
        Step::Compute {
            name: "rerank",
            work: tailed(2.5),
        },
    ],
)
.noting(&[Note::Search]);

pub(super) static GET_USER: Operation = rpc(
    &USER,
    USER_RPC,
    "GetProfile",
    ms(0.6),
    &[Step::Query(&SELECT_USER)],
)
.noting(&[Note::Customer]);

pub(super) static LOGIN: Operation = rpc(
    &USER,
    USER_RPC,
    "Login",
    ms(1.0),
    &[
        Step::Query(&SELECT_USER),
        Step::Compute {
            name: "PasswordHasher.verify",
            work: ms(48.0),
        },
        Step::Query(&UPDATE_LAST_LOGIN),
    ],
)
.noting(&[Note::Customer])
.failing(&[Fault {
    chance: 0.06,
    exception: "shop.user.BadCredentialsException",
    message: "用户名或密码错误",
    http_status: 401,
    rpc_status: "UNAUTHENTICATED",
    slower: 40.0,
}]);

pub(super) static GET_CART: Operation = rpc(
    &CART,
    CART_RPC,
    "GetCart",
    ms(0.5),
    &[Step::Query(&HGETALL_CART)],
)
.noting(&[Note::Cart]);

pub(super) static ADD_TO_CART: Operation = rpc(
    &CART,
    CART_RPC,
    "AddItem",
    ms(0.6),
    &[Step::Query(&HGETALL_CART), Step::Query(&HSET_CART)],
)
.noting(&[Note::Product, Note::Cart]);

static EMPTY_CART: Operation = rpc(
    &CART,
    CART_RPC,
    "EmptyCart",
    ms(0.4),
    &[Step::Query(&DEL_CART)],
);

static SCORE: Operation = rpc(
    &FRAUD,
    "shop.fraud.v1.FraudService",
    "Score",
    ms(1.2),
    &[
        Step::Query(&INCR_ATTEMPTS),
        Step::Query(&GET_FEATURES),
        Step::Compute {
            name: "model.predict",
            work: tailed(11.0),
        },
    ],
);

static CHARGE: Operation = rpc(
    &PAYMENT,
    "shop.payment.v1.PaymentService",
    "Charge",
    ms(2.0),
    &[
        Step::Call(&SCORE),
        Step::Fetch(&CAPTURE_CARD),
        Step::Query(&INSERT_PAYMENT),
    ],
)
.noting(&[Note::Order]);

pub(super) static QUOTE: Operation = rpc(
    &SHIPPING,
    "shop.shipping.v1.ShippingService",
    "Quote",
    ms(1.0),
    &[],
);

static SHIP: Operation = rpc(
    &SHIPPING,
    "shop.shipping.v1.ShippingService",
    "Ship",
    ms(1.4),
    &[Step::Fetch(&BOOK_PARCEL)],
)
.noting(&[Note::Order]);

static SEND_CONFIRMATION: Operation = consumer(
    &EMAIL_WORKER,
    &EMAIL_QUEUE,
    ms(2.5),
    &[
        Step::Compute {
            name: "render_template",
            work: ms(6.0),
        },
        Step::Tolerating(&Step::Fetch(&SEND_MAIL)),
    ],
)
.noting(&[Note::Customer]);

static NOTIFY: Operation = rpc(
    &NOTIFICATION,
    "shop.notification.v1.NotificationService",
    "OrderPlaced",
    ms(0.9),
    &[Step::Publish(&Publish {
        queue: &EMAIL_QUEUE,
        latency: ms(1.1),
        delivery: Delivery::Single {
            consumer: &SEND_CONFIRMATION,
            wait: tailed(35.0),
        },
    })],
);

pub(super) static PLACE_ORDER: Operation = rpc(
    &CHECKOUT,
    "shop.checkout.v1.CheckoutService",
    "PlaceOrder",
    ms(2.4),
    &[
        Step::Call(&GET_CART),
        Step::PerItem(&Step::Call(&GET_PRODUCT)),
        Step::Together(&[Step::Call(&QUOTE), Step::Call(&CONVERT)]),
        Step::PerItem(&Step::Call(&RESERVE)),
        Step::Query(&INSERT_ORDER),
        Step::Call(&CHARGE),
        Step::Call(&SHIP),
        Step::Publish(&Publish {
            queue: &ORDERS_TOPIC,
            latency: ms(1.6),
            delivery: Delivery::Batched,
        }),
        Step::Together(&[
            Step::Tolerating(&Step::Call(&EMPTY_CART)),
            Step::Tolerating(&Step::Call(&NOTIFY)),
        ]),
    ],
)
.noting(&[Note::Order, Note::Customer]);

pub(super) static TRACK_ORDER: Operation = rpc(
    &CHECKOUT,
    "shop.checkout.v1.CheckoutService",
    "TrackOrder",
    ms(1.1),
    &[Step::Query(&SELECT_ORDER)],
);

static BOOK_ORDERS: Operation = consumer(
    &ACCOUNTING,
    &ORDERS_TOPIC,
    ms(3.0),
    &[
        Step::Compute {
            name: "ledger.balance",
            work: ms(2.0),
        },
        Step::Query(&INSERT_LEDGER),
    ],
);

pub(super) static BOOKKEEPING: BatchConsumer = BatchConsumer {
    operation: &BOOK_ORDERS,
    messages: 5,
};

//! What the shop's visitors do, and when its dependencies have a bad time.

use super::services::{ALL, FRONTEND, GATEWAY};
use super::shop::{
    ADD_TO_CART, BOOKKEEPING, CHECK_STOCK, CONVERT, GET_CART, GET_PRODUCT, GET_USER, LIST_CATEGORY,
    LIST_REVIEWS, LOGIN, PICK_AD, PLACE_ORDER, QUOTE, RECOMMEND, SEARCH_PRODUCTS, TRACK_ORDER,
};
use super::{Entry, Journey, Latency, Note, Operation, Scenario, Service, Spell, Step, ms};

const fn http(
    service: &'static Service,
    method: &'static str,
    route: &'static str,
    work: Latency,
    steps: &'static [Step],
) -> Operation {
    Operation {
        service,
        entry: Entry::Http { method, route },
        work,
        steps,
        faults: &[],
        notes: &[],
    }
}

static API_HOME: Operation = http(
    &GATEWAY,
    "GET",
    "/api/home",
    ms(0.7),
    &[Step::Together(&[
        Step::Call(&LIST_CATEGORY),
        Step::Tolerating(&Step::Call(&RECOMMEND)),
        Step::Tolerating(&Step::Call(&PICK_AD)),
        Step::Sometimes(0.6, &Step::Call(&GET_USER)),
    ])],
);

static API_PRODUCT: Operation = http(
    &GATEWAY,
    "GET",
    "/api/products/{sku}",
    ms(0.7),
    &[
        Step::Call(&GET_PRODUCT),
        Step::Together(&[
            Step::Call(&CHECK_STOCK),
            Step::Tolerating(&Step::Call(&LIST_REVIEWS)),
            Step::Tolerating(&Step::Call(&RECOMMEND)),
            Step::Sometimes(0.4, &Step::Call(&CONVERT)),
        ]),
    ],
);

static API_SEARCH: Operation = http(
    &GATEWAY,
    "GET",
    "/api/search",
    ms(0.6),
    &[
        Step::Call(&SEARCH_PRODUCTS),
        Step::Tolerating(&Step::Call(&PICK_AD)),
    ],
);

static API_CART_ADD: Operation = http(
    &GATEWAY,
    "POST",
    "/api/cart/items",
    ms(0.6),
    &[Step::Call(&CHECK_STOCK), Step::Call(&ADD_TO_CART)],
);

static API_CART: Operation = http(
    &GATEWAY,
    "GET",
    "/api/cart",
    ms(0.6),
    &[
        Step::Call(&GET_CART),
        Step::PerItem(&Step::Call(&GET_PRODUCT)),
        Step::Call(&QUOTE),
    ],
);

static API_CHECKOUT: Operation = http(
    &GATEWAY,
    "POST",
    "/api/checkout",
    ms(1.0),
    &[Step::Call(&GET_USER), Step::Call(&PLACE_ORDER)],
);

static API_LOGIN: Operation = http(
    &GATEWAY,
    "POST",
    "/api/login",
    ms(0.5),
    &[Step::Call(&LOGIN)],
);

static API_ORDERS: Operation = http(
    &GATEWAY,
    "GET",
    "/api/orders",
    ms(0.5),
    &[Step::Call(&TRACK_ORDER)],
);

static PAGE_HOME: Operation = http(
    &FRONTEND,
    "GET",
    "/",
    ms(3.0),
    &[
        Step::Call(&API_HOME),
        Step::Compute {
            name: "render HomePage",
            work: ms(4.0),
        },
    ],
);

static PAGE_PRODUCT: Operation = http(
    &FRONTEND,
    "GET",
    "/products/{sku}",
    ms(2.0),
    &[
        Step::Call(&API_PRODUCT),
        Step::Compute {
            name: "render ProductPage",
            work: ms(3.5),
        },
    ],
)
.noting(&[Note::Product]);

static PAGE_SEARCH: Operation = http(
    &FRONTEND,
    "GET",
    "/search",
    ms(1.8),
    &[Step::Call(&API_SEARCH)],
)
.noting(&[Note::Search]);

static PAGE_CART_ADD: Operation = http(
    &FRONTEND,
    "POST",
    "/cart/items",
    ms(1.2),
    &[Step::Call(&API_CART_ADD)],
);

static PAGE_CART: Operation = http(&FRONTEND, "GET", "/cart", ms(2.2), &[Step::Call(&API_CART)]);

static PAGE_CHECKOUT: Operation = http(
    &FRONTEND,
    "POST",
    "/checkout",
    ms(2.6),
    &[Step::Call(&API_CHECKOUT)],
)
.noting(&[Note::Order]);

static PAGE_LOGIN: Operation = http(
    &FRONTEND,
    "POST",
    "/login",
    ms(1.5),
    &[Step::Call(&API_LOGIN)],
);

static PAGE_ORDERS: Operation = http(
    &FRONTEND,
    "GET",
    "/orders",
    ms(1.7),
    &[Step::Call(&API_ORDERS)],
);

const fn journey(weight: f64, operation: &'static Operation) -> Journey {
    Journey { weight, operation }
}

/// A shop of seventeen services, its databases, its brokers and the hosts it depends on.
pub(in crate::demo) static SHOP: Scenario = Scenario {
    services: ALL,
    journeys: &[
        journey(20.0, &PAGE_HOME),
        journey(34.0, &PAGE_PRODUCT),
        journey(17.0, &PAGE_SEARCH),
        journey(9.0, &PAGE_CART_ADD),
        journey(6.0, &PAGE_CART),
        journey(6.0, &PAGE_CHECKOUT),
        journey(4.0, &PAGE_LOGIN),
        journey(4.0, &PAGE_ORDERS),
    ],
    batch_consumer: &BOOKKEEPING,
    spells: &[
        // Soon after the start, so that a newcomer meets it in the first minute.
        Spell {
            peer: "catalog-mysql.shop-db.svc",
            every_s: 180,
            from_s: 30,
            lasting_s: 40,
            slower: 18.0,
            more_faults: 0.01,
        },
        Spell {
            peer: "api.riverbank-pay.example",
            every_s: 300,
            from_s: 100,
            lasting_s: 45,
            slower: 4.0,
            more_faults: 0.25,
        },
        Spell {
            peer: "recommendation",
            every_s: 240,
            from_s: 150,
            lasting_s: 30,
            slower: 9.0,
            more_faults: 0.05,
        },
    ],
};

//! spanhouse's alerts: rules over its figures, evaluated over and over, and notifications of what they find.

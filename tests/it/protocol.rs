//! What only the whole binary shows: its life, its command line, and its receivers on real sockets.

mod command_line;
mod demo;
mod life;
mod receivers;

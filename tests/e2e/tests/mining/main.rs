//! Jobs mined from beginning to end: honest miners are paid once, and wrong outputs pay nothing.

mod case;
mod earnings;
mod exchange;
mod forgery;
mod liars;
mod model;
mod second;
mod sites;
mod turns;

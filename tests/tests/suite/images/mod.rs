//! The lock of images and its evidence, from outside.

mod schemas;

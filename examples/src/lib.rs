//! Applications that show oban at work.

//! The #[job] attribute and #[derive(Job)] of oban.

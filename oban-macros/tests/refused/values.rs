use oban::job;

const QUEUE: &str = "mailers";

#[job(queue = "", max_attempts = 0, priority = 10, tags("a", " "), worker = "\0")]
struct OutOfRange {}

#[job(queue = QUEUE, max_attempts = "3", priority = -1, tags = "a", meta = "{}", crate = 3)]
struct WrongKind {}

#[job(queue("mailers"), max_attempts = 2_147_483_648, priority = 1.5, tags(), meta())]
struct WrongForm {}

#[job(meta(team, owner = nobody, owner = "me", limits(daily = [1, 'c']), 3 = 4))]
struct Meta {}

#[job(queue = "a queue whose name goes on and on and on and on and on and on and on and on and on and on and on and on and on and on, and then some more")]
struct Long {}

#[job(aliases("", "Old", Older, "Old", "Aliases"))]
struct Aliases {}

#[job(aliases(), worker = "A")]
struct NoAlias {}

#[job(aliases("Older", "Own"))]
struct Own {}

fn main() {}

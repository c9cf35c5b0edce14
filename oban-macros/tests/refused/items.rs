use oban::job;

#[job(queue = "mailers")]
async fn send_welcome(_user_id: i64) {}

#[job]
trait Mailer {}

#[job]
impl Mailer for u8 {}

#[job]
type Alias = String;

#[job]
const LIMIT: u8 = 1;

fn main() {}

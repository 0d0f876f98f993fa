//! Questions to many: who answers, who cannot any more, and when it is settled.

use roomcast::socketio::{Event, Io, Options};

use super::{Play, World};

/// Asks everyone, and remembers how each question was settled: its number, answers, missing.
#[derive(Default)]
struct Asker {
    settled: Vec<(u64, Vec<String>, usize)>,
}

impl Play for Asker {
    fn handle(&mut self, io: &mut Io<'_>, event: Event<'_>) {
        match event {
            Event::Message { name: "ask", .. } => _ = io.everyone().ask("question", [""; 0], 1000),
            Event::Message { name: "room", .. } => {
                _ = io.to("nobody").ask("question", [""; 0], 1000)
            }
            Event::Answers {
                question,
                answers,
                missing,
            } => {
                let answers = answers.iter().map(|it| it.args().json().to_owned());
                self.settled.push((question, answers.collect(), missing));
            }
            _ => {}
        }
    }
}

#[test]
fn a_question_is_settled_by_answers_by_leaving_or_by_time() {
    let mut world = World::of(Asker::default(), Options::default());
    let [one, two, three] = [(); 3].map(|()| world.open());
    for id in [one, two, three] {
        world.says(id, &["40"]);
    }
    let ask = |world: &mut World<Asker>| world.says(one, &["42[\"ask\"]"]);
    let settled = |world: &mut World<Asker>| std::mem::take(&mut world.app.settled);
    assert_eq!(ask(&mut world), ["421[\"question\"]"]);
    world.says(two, &["431[\"b\"]", "431[\"twice\"]", "437[\"of what?\"]"]);
    world.says(one, &["431[\"a\",2]"]);
    assert_eq!(settled(&mut world), []);
    world.hang_up(three);
    let answers = vec!["\"b\"".to_owned(), "\"a\",2".to_owned()];
    assert_eq!(settled(&mut world), [(1, answers, 0)]);
    ask(&mut world);
    world.says(two, &["432[]"]);
    world.sim.advance(1001);
    world.end_turn();
    assert_eq!(settled(&mut world), [(2, vec![String::new()], 1)]);
    world.says(one, &["432[\"late\"]", "42[\"room\"]"]);
    assert_eq!(settled(&mut world), [(3, vec![], 0)], "nobody, and at once");
    assert!(world.sim.hub().is_open(one));
}

#[test]
fn questions_that_end_together_are_settled_in_the_order_of_asking() {
    let mut world = World::of(Asker::default(), Options::default());
    let one = world.open();
    world.says(one, &["40"]);
    (0..20).for_each(|_| _ = world.says(one, &["42[\"ask\"]"]));
    world.hang_up(one);
    let numbers = world.app.settled.iter().map(|(number, ..)| *number);
    assert!(numbers.eq(1..=20));
    let one = world.open();
    world.says(one, &["40"]);
    (0..20).for_each(|_| _ = world.says(one, &["42[\"ask\"]"]));
    world.sim.advance(1001);
    world.end_turn();
    let numbers = world.app.settled.iter().map(|(number, ..)| *number);
    assert!(numbers.eq(1..=40));
}

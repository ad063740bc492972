import Kernel
private import Synchronization

/// Lets the changes of one room go to the store one transaction at a time, many in each.
///
/// All changes of a room count up the same number, so side by side they would only stand in each other's way. Bounded:
/// `overloaded` where too many rooms are busy, or too many wait for one.
final class RoomLanes: Sendable {
    struct Key: Hashable, Sendable {
        let tenant: TenantID
        let room: RoomID
    }

    typealias Board = LaneBoard<Key, RoomChange>
    /// Stores a batch: a verdict on each, or a failure of all. Then, apart from them, tells of it.
    typealias Work = @Sendable (Key, [RoomChange]) async throws -> [RoomVerdict]
    typealias Notify = @Sendable (Key, [RoomVerdict]) async -> Void

    /// What a change waits for, with how far its session has seen then.
    private typealias Answer = Result<(RoomVerdict, Consistency), any Error>

    private struct State {
        var board: Board
        var callers: [Board.Place: CheckedContinuation<Answer, Never>] = [:]
        /// Places whose caller gave up before it had begun to wait.
        var abandoned: Set<Board.Place> = []
    }

    private let state: Mutex<State>
    private let work: Work
    private let notify: Notify

    init(_ limits: Board.Limits, work: @escaping Work, notify: @escaping Notify) {
        state = Mutex(State(board: Board(limits)))
        self.work = work
        self.notify = notify
    }

    /// The verdict once it is durable. Cancelled, it ends at once, and a change that is at work may still be made.
    func submit(_ change: RoomChange, to key: Key) async throws -> RoomVerdict {
        let place = state.withLock { $0.board.place(for: key) }
        let answer = await withTaskCancellationHandler {
            await withCheckedContinuation { enter(change, at: place, $0) }
        } onCancel: {
            giveUp(place)
        }
        // A cancellation may have come behind the answer.
        state.withLock { _ = $0.abandoned.remove(place) }
        let (verdict, seen) = try answer.get()
        Consistency.current?.merge(seen)
        return verdict
    }

    private func enter(
        _ change: RoomChange, at place: Board.Place, _ caller: CheckedContinuation<Answer, Never>
    ) {
        let admission = state.withLock { state -> Board.Admission? in
            guard state.abandoned.remove(place) == nil else { return nil }
            let admission = state.board.add(change, at: place)
            if admission != .refused { state.callers[place] = caller }
            return admission
        }
        switch admission {
        case nil: caller.resume(returning: .failure(CancellationError()))
        case .refused: caller.resume(returning: .failure(Self.overloaded))
        case .begin:
            // Of no caller's task: neither its cancellation nor its deadline is the others'.
            Task.detached { await self.run(place.key) }
        case .wait: break
        }
    }

    private static let overloaded = Failure(
        .overloaded, "overloaded", "Too much is being said at once; please try again.")

    private func giveUp(_ place: Board.Place) {
        let caller = state.withLock { state -> CheckedContinuation<Answer, Never>? in
            _ = state.board.leave(place)
            guard let caller = state.callers.removeValue(forKey: place) else {
                state.abandoned.insert(place)
                return nil
            }
            return caller
        }
        caller?.resume(returning: .failure(CancellationError()))
    }

    /// Works on a lane until nobody waits for it.
    private func run(_ key: Key) async {
        while true {
            let batch = state.withLock { $0.board.next(of: key) }
            if batch.isEmpty { return }
            let seen = Consistency(readsPrimary: true)
            do {
                let verdicts = try await Consistency.$current.withValue(seen) {
                    try await work(key, batch.map(\.item))
                }
                for (entry, verdict) in zip(batch, verdicts) {
                    answer(entry.place, .success((verdict, seen)))
                }
                await notify(key, verdicts)
            } catch {
                for entry in batch { answer(entry.place, .failure(error)) }
            }
        }
    }

    private func answer(_ place: Board.Place, _ answer: Answer) {
        state.withLock { $0.callers.removeValue(forKey: place) }?.resume(returning: answer)
    }

    /// Lanes at work.
    var count: Int { state.withLock { $0.board.count } }
}

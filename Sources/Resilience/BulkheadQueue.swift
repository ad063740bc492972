/// Who may go on and who waits, of many that want one of few places; first come, first served.
struct BulkheadQueue: Sendable {
    enum Answer: Sendable, Equatable {
        case enter
        case wait
        case full
    }

    let places: Int
    let maximumWaiting: Int
    private(set) var running = 0
    private var waiting: [Int] = []
    /// The first of `waiting` that still waits; those before have left.
    private var head = 0

    init(places: Int, maximumWaiting: Int) {
        self.places = max(1, places)
        self.maximumWaiting = max(0, maximumWaiting)
    }

    var waitingCount: Int { waiting.count - head }

    /// `number` is the caller's own, and stands for it if it must wait.
    mutating func arrive(_ number: Int) -> Answer {
        if running < places {
            running += 1
            return .enter
        }
        guard waitingCount < maximumWaiting else { return .full }
        waiting.append(number)
        return .wait
    }

    /// One has finished. The number of the one who takes the place, nil if nobody waits.
    mutating func leave() -> Int? {
        guard head < waiting.count else {
            running -= 1
            return nil
        }
        let next = waiting[head]
        head += 1
        if head > 64, head * 2 > waiting.count {
            waiting.removeFirst(head)
            head = 0
        }
        return next
    }

    /// Number `number` waits no longer; false if it has a place already.
    mutating func giveUp(_ number: Int) -> Bool {
        guard let index = waiting[head...].firstIndex(of: number) else { return false }
        waiting.remove(at: index)
        return true
    }
}

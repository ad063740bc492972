import Kernel

/// What the threads of a pipeline share, under its lock: decisions, connections, and the calls under way.
/// `PipelineState` decides, this obeys.
struct PipelineCore {
    private let settings: PostgresSettings
    private let watch: SocketWatch
    private var state: PipelineState
    private var slots: [PipelineSlot?]
    private var calls = CallTable()
    private var answers = AnswerWatch()
    /// Calls that are over, for whoever has the lock to answer them behind it.
    private var over: [PipelinedCall] = []
    /// Connections to be opened by the pipeline's thread.
    private var wanted: [Int] = []
    private var nextExpiry = ContinuousClock.now
    private(set) var isClosing = false

    /// A look for an answer takes no longer.
    private static let longestLook = Duration.microseconds(30)
    /// Deadlines are looked at that often.
    static let tick = Duration.milliseconds(50)

    init(_ settings: PostgresSettings, _ watch: SocketWatch) {
        self.settings = settings
        self.watch = watch
        let count = max(1, settings.pipelineConnections)
        state = PipelineState(
            slots: count, maximumBatch: settings.maximumBatch, maximumQueue: settings.maximumQueue)
        slots = Array(repeating: nil, count: count)
    }

    var isIdle: Bool { calls.isEmpty && wanted.isEmpty }
    var wantsConnections: Bool { !wanted.isEmpty }
    /// Something could be sent at once, or has first to be connected for.
    var takesMore: Bool { state.takesMore }

    mutating func takeWanted() -> [Int] {
        defer { wanted = [] }
        return wanted
    }

    mutating func takeOver() -> [PipelinedCall] {
        defer { over = [] }
        return over
    }

    // MARK: Events

    mutating func submit(_ new: [PipelinedCall]) {
        guard !new.isEmpty else { return }
        let now = ContinuousClock.now
        for call in new {
            let number = calls.add(call)
            let request = PipelineState.Request(number, call.lane, deadline: call.deadline)
            perform(state.submit(request, at: now))
        }
    }

    mutating func abandon(_ gone: [PipelinedCall]) {
        for call in gone {
            if let number = call.number, !call.isOver { perform(state.abandon(number)) }
        }
    }

    mutating func dispatch() { perform(state.dispatch()) }

    mutating func note(_ step: PipelineDial.Step, of slot: Int) {
        switch step {
        case .connected(let connection):
            slots[slot] = PipelineSlot(connection)
            state.connected(slot)
        case .failed:
            let delay = settings.reconnect.delay(afterAttempt: state.failuresInARow + 1)
            perform(state.connectFailed(slot, until: .now + delay))
        }
    }

    mutating func expire(at now: ContinuousClock.Instant) {
        guard now >= nextExpiry else { return }
        nextExpiry = now + Self.tick
        perform(state.expire(at: now))
        // Those over which nothing travels too, so that their loss is noticed before they are used.
        for slot in slots.indices { arm(slot) }
    }

    mutating func reset() {
        for slot in slots.indices where slots[slot] != nil { lose(slot) }
    }

    mutating func close() {
        guard !isClosing else { return }
        isClosing = true
        perform(state.close())
    }

    mutating func dropAll() {
        for slot in slots.indices { slots[slot] = nil }
    }

    /// Something may have come in over `slot`, whose socket is no longer watched.
    mutating func serve(_ slot: Int) {
        slots[slot]?.isArmed = false
        receive(slot)
        if state.isBusy(slot) { arm(slot) }
    }

    /// Looks for the answer to `call`, which travels alone, for a moment at most and while nobody else comes.
    mutating func look(for call: PipelinedCall, while isAlone: () -> Bool) {
        guard !call.isOver, let slot = slots.indices.first(where: { state.isBusy($0) }) else { return }
        if answers.looks() {
            let end = ContinuousClock.now + Self.longestLook
            while !call.isOver, slots[slot] != nil, isAlone(), ContinuousClock.now < end { receive(slot) }
            answers.note(seen: call.isOver)
        }
    }

    /// Watches the connections over which something travels.
    mutating func armBusy() {
        for slot in slots.indices where state.isBusy(slot) { arm(slot) }
    }

    // MARK: Actions

    private mutating func arm(_ slot: Int) {
        guard let connection = slots[slot], !connection.isArmed || connection.hasUnsent else { return }
        watch.arm(connection.descriptor, slot, reads: true, writes: connection.hasUnsent)
        slots[slot]?.isArmed = true
    }

    private mutating func receive(_ slot: Int) {
        do {
            try slots[slot]?.receive()
            while let (number, event) = try slots[slot]?.next() { note(number, event, slot) }
        } catch {
            lose(slot)
        }
    }

    private mutating func note(_ number: Int?, _ event: PostgresConnection.Event, _ slot: Int) {
        switch event {
        case .answer(let result):
            if let number, let call = calls[number] {
                // Its caller frees it, on another thread.
                result.detach()
                call.result = result
            }
            state.answered(slot, .succeeded)
        case .failed(let error):
            if let number { calls[number]?.error = error }
            state.answered(slot, .failed)
        case .aborted: state.answered(slot, .aborted)
        case .synced: perform(state.synced(slot), from: slot)
        }
    }

    private mutating func lose(_ slot: Int) {
        slots[slot] = nil
        perform(state.lost(slot))
    }

    private mutating func perform(_ actions: [PipelineState.Action], from slot: Int? = nil) {
        guard !actions.isEmpty else { return }
        let leading = slot.flatMap { slots[$0]?.leading }
        let trailing = slot.flatMap { slots[$0]?.trailing }
        for action in actions {
            switch action {
            case .connect(let slot): wanted.append(slot)
            case .send(let slot, let parts): send(parts, over: slot)
            case .deliver(let number): end(number) { $0.deliver(leading, trailing) }
            case .fail(let number): end(number) { $0.fail() }
            case .refuse(let number, let refusal): end(number) { $0.refuse(refusal) }
            case .drop(let slot): slots[slot] = nil
            }
        }
    }

    private mutating func end(_ number: Int, _ answer: (PipelinedCall) -> Void) {
        guard let call = calls.remove(number) else { return }
        answer(call)
        over.append(call)
    }

    private mutating func send(_ parts: [[Int]], over slot: Int) {
        do {
            guard var connection = slots[slot].take() else { return }
            try connection.send(parts, of: calls, asksForMarks: settings.asksForMarks)
            slots[slot] = connection
        } catch {
            lose(slot)
        }
    }
}

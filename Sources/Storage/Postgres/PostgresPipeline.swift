import Foundation
import Kernel
import Synchronization

/// One thread that multiplexes single statements of many callers over few connections; `PipelineState` decides, this
/// obeys.
///
/// Unchecked because the thread alone touches `state`, `slots` and `reads`; callers reach it through `inbox`.
final class PostgresPipeline: @unchecked Sendable {
    private enum Message {
        case read(Int, PipelinedRead)
        case abandon(Int)
        case reset, close
    }

    private struct Inbox {
        var messages: [Message] = []
        /// The thread has gone and takes no more.
        var isEnded = false
    }

    private let parameters: [String: String]
    private let settings: PostgresSettings
    private let inbox = Mutex(Inbox())
    private let isSignalled = Atomic(false)
    private let numbers = Atomic(0)
    private let underWay = Atomic(0)
    private let ended = DispatchGroup()
    private let wakeup: WakeupPipe

    private var state: PipelineState
    private var slots: [PipelineSlot]
    private var reads: [Int: PipelinedRead] = [:]
    private var isClosing = false

    /// How long the thread sleeps while something waits or travels, so that deadlines are noticed.
    private static let tick: Int32 = 50

    init(_ parameters: [String: String], _ settings: PostgresSettings, name: String) throws {
        self.parameters = parameters
        self.settings = settings
        wakeup = try WakeupPipe()
        let count = max(1, settings.pipelineConnections)
        state = PipelineState(
            slots: count, maximumBatch: settings.maximumBatch, maximumQueue: settings.maximumQueue)
        slots = (0..<count).map { _ in PipelineSlot() }
        ended.enter()
        let thread = Thread { [self] in
            loop()
            ended.leave()
        }
        thread.name = name
        thread.stackSize = 1 << 20
        thread.start()
    }

    /// Statements that wait or travel.
    var load: Int { underWay.load(ordering: .relaxed) }

    func read(_ statement: PipelinedStatement) async throws -> PipelinedRead.Answer {
        let number = numbers.add(1, ordering: .relaxed).newValue
        underWay.add(1, ordering: .relaxed)
        defer { underWay.subtract(1, ordering: .relaxed) }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                post(.read(number, PipelinedRead(statement: statement, continuation: continuation)))
                // The handler may have run before there was anything to abandon.
                if Task.isCancelled { post(.abandon(number)) }
            }
        } onCancel: {
            post(.abandon(number))
        }
    }

    /// Drops the connections; what travels is tried once more over new ones.
    func reset() { post(.reset) }

    func close() async {
        post(.close)
        await withCheckedContinuation { continuation in
            ended.notify(queue: .global()) { continuation.resume() }
        }
    }

    private func post(_ message: Message) {
        let isEnded = inbox.withLock { inbox in
            if !inbox.isEnded { inbox.messages.append(message) }
            return inbox.isEnded
        }
        if isEnded {
            if case .read(_, let read) = message { read.refuse(.closed) }
            return
        }
        if !isSignalled.exchange(true, ordering: .acquiringAndReleasing) { wakeup.signal() }
    }

    private func loop() {
        while !(isClosing && reads.isEmpty) {
            let ready = sleep()
            let now = ContinuousClock.now
            for slot in slots.indices { serve(slot, ready[slot], at: now) }
            for message in takeMessages() { take(message, at: now) }
            perform(state.expire(at: now))
            perform(state.dispatch())
        }
        for slot in slots.indices { slots[slot].drop() }
        // Whoever came too late is told so.
        let late = inbox.withLock { inbox in
            inbox.isEnded = true
            return inbox.messages
        }
        for message in late {
            if case .read(_, let read) = message { read.refuse(.closed) }
        }
    }

    /// Which sockets can be read or written.
    private func sleep() -> [Bool] {
        var watched = [pollfd(fd: wakeup.descriptor, events: Int16(POLLIN), revents: 0)]
        watched += slots.map { $0.watched ?? pollfd(fd: -1, events: 0, revents: 0) }
        let isBusy = !reads.isEmpty || slots.contains(where: \.isConnecting)
        poll(&watched, nfds_t(watched.count), isBusy ? Self.tick : -1)
        if watched[0].revents != 0 { wakeup.drain() }
        return watched.dropFirst().map { $0.revents != 0 }
    }

    private func takeMessages() -> [Message] {
        guard isSignalled.exchange(false, ordering: .acquiringAndReleasing) else { return [] }
        return inbox.withLock { inbox in
            defer { inbox.messages = [] }
            return inbox.messages
        }
    }

    private func take(_ message: Message, at now: ContinuousClock.Instant) {
        switch message {
        case .read(let number, let read):
            reads[number] = read
            let request = PipelineState.Request(
                number, read.statement.lane, deadline: read.statement.deadline)
            perform(state.submit(request, at: now))
        case .abandon(let number):
            if reads[number] != nil { perform(state.abandon(number)) }
        case .reset:
            for slot in slots.indices where !slots[slot].isConnecting { lose(slot) }
        case .close:
            isClosing = true
            perform(state.close())
        }
    }

    private func serve(_ slot: Int, _ isReady: Bool, at now: ContinuousClock.Instant) {
        if slots[slot].isConnecting { return connect(slot, isReady, at: now) }
        guard isReady else { return }
        do {
            try slots[slot].receive()
            while let (number, event) = try slots[slot].next() { note(number, event, slot) }
        } catch {
            lose(slot)
        }
    }

    private func connect(_ slot: Int, _ isReady: Bool, at now: ContinuousClock.Instant) {
        do {
            if try slots[slot].advance(ready: isReady, at: now) { state.connected(slot) }
        } catch {
            slots[slot].drop()
            let delay = settings.reconnect.delay(afterAttempt: state.failuresInARow + 1)
            perform(state.connectFailed(slot, until: now + delay))
        }
    }

    private func note(_ number: Int?, _ event: PostgresConnection.Event, _ slot: Int) {
        switch event {
        case .answer(let result):
            if let number { reads[number]?.result = result }
            state.answered(slot, .succeeded)
        case .failed(let error):
            if let number { reads[number]?.error = error }
            state.answered(slot, .failed)
        case .aborted: state.answered(slot, .aborted)
        case .synced: perform(state.synced(slot), from: slot)
        }
    }

    private func lose(_ slot: Int) {
        slots[slot].drop()
        perform(state.lost(slot))
    }

    private func perform(_ actions: [PipelineState.Action], from slot: Int? = nil) {
        for action in actions {
            switch action {
            case .connect(let slot): open(slot)
            case .send(let slot, let parts): send(parts, over: slot)
            case .deliver(let number):
                let source = slot.map { slots[$0] }
                reads.removeValue(forKey: number)?.deliver(source?.leading, source?.trailing)
            case .fail(let number): reads.removeValue(forKey: number)?.fail()
            case .refuse(let number, let refusal): reads.removeValue(forKey: number)?.refuse(refusal)
            case .drop(let slot): slots[slot].drop()
            }
        }
    }

    private func open(_ slot: Int) {
        do {
            try slots[slot].connect(parameters, settings)
        } catch {
            slots[slot].drop()
            let delay = settings.reconnect.delay(afterAttempt: state.failuresInARow + 1)
            perform(state.connectFailed(slot, until: .now + delay))
        }
    }

    private func send(_ parts: [[Int]], over slot: Int) {
        do {
            let commands = parts.map { part in
                part.compactMap { number in reads[number].map { (number, $0.statement.command) } }
            }
            try slots[slot].send(commands, asksForMarks: settings.asksForMarks)
        } catch {
            lose(slot)
        }
    }
}

/// Who listens to which channel of one connection, and what the server has been told: events in, actions out.
///
/// A channel has at most one question open at the server, so that confirmations need no numbers: who comes while it is
/// being left waits for that, and then it is subscribed again.
struct RedisSubscriptionTable: Sendable {
    typealias Subscriber = Int

    enum Action: Sendable, Equatable {
        case subscribe(String)
        case unsubscribe(String)
        /// The server has confirmed; what is published from now on arrives.
        case begin(Subscriber)
    }

    private enum Phase: Sendable {
        case subscribing
        case subscribed
        case unsubscribing
    }

    private struct Channel: Sendable {
        var phase = Phase.subscribing
        var listening: [Subscriber] = []
        /// For the confirmation.
        var waiting: [Subscriber] = []

        var isWanted: Bool { !listening.isEmpty || !waiting.isEmpty }
    }

    private var channels: [String: Channel] = [:]

    var count: Int { channels.count }

    func contains(_ channel: String) -> Bool { channels[channel] != nil }

    func listeners(of channel: String) -> [Subscriber] { channels[channel]?.listening ?? [] }

    mutating func join(_ subscriber: Subscriber, _ name: String) -> [Action] {
        guard let channel = channels[name] else {
            channels[name] = Channel(waiting: [subscriber])
            return [.subscribe(name)]
        }
        guard channel.phase == .subscribed else {
            channels[name]?.waiting.append(subscriber)
            return []
        }
        channels[name]?.listening.append(subscriber)
        return [.begin(subscriber)]
    }

    /// Whoever left already may leave again.
    mutating func leave(_ subscriber: Subscriber, _ name: String) -> [Action] {
        guard var channel = channels[name] else { return [] }
        channel.listening.removeAll { $0 == subscriber }
        channel.waiting.removeAll { $0 == subscriber }
        let isLeft = !channel.isWanted && channel.phase == .subscribed
        if isLeft { channel.phase = .unsubscribing }
        channels[name] = channel
        return isLeft ? [.unsubscribe(name)] : []
    }

    mutating func confirmSubscribed(_ name: String) -> [Action] {
        guard var channel = channels[name], channel.phase == .subscribing else { return [] }
        guard channel.isWanted else {
            channels[name]?.phase = .unsubscribing
            return [.unsubscribe(name)]
        }
        let begun = channel.waiting
        channel.phase = .subscribed
        channel.listening += begun
        channel.waiting = []
        channels[name] = channel
        return begun.map { .begin($0) }
    }

    mutating func confirmUnsubscribed(_ name: String) -> [Action] {
        guard let channel = channels[name], channel.phase == .unsubscribing else { return [] }
        guard channel.isWanted else {
            channels[name] = nil
            return []
        }
        channels[name]?.phase = .subscribing
        return [.subscribe(name)]
    }

    /// The server knows nothing any more, and nobody is left.
    mutating func lose() { channels = [:] }
}

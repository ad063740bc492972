import NIOCore
import NIOPosix

/// The state of a proxy: its faults and its connections. Used on its event loop alone.
final class FaultHub {
    let loop: any EventLoop
    private let host: String
    var port: Int
    private(set) var counts = FaultProxy.Counts()
    private var faults: [Fault.Direction: Fault] = [:]
    private var isCut = false
    private var links: [ObjectIdentifier: FaultLink] = [:]

    init(loop: any EventLoop, host: String, port: Int) {
        self.loop = loop
        self.host = host
        self.port = port
    }

    func fault(_ direction: Fault.Direction) -> Fault { faults[direction] ?? .none }

    func set(_ fault: Fault, _ directions: Set<Fault.Direction>) {
        for direction in directions { faults[direction] = fault }
        proceed()
    }

    func cut() {
        isCut = true
        resetAll()
    }

    func heal() {
        isCut = false
        faults = [:]
        proceed()
    }

    func resetAll() { for link in links.values { link.reset() } }

    private func proceed() {
        for link in links.values {
            connectIfPossible(link)
            link.proceed()
        }
    }

    func accept(_ client: any Channel) {
        counts.accepted += 1
        let link = FaultLink(hub: self, client: client)
        guard !isCut else {
            counts.refused += 1
            return link.reset()
        }
        links[ObjectIdentifier(link)] = link
        counts.open += 1
        link.attach(client, .toServer)
        connectIfPossible(link)
    }

    /// Behind a stalled way no server sees the connection.
    private func connectIfPossible(_ link: FaultLink) {
        guard link.isNew, !fault(.toServer).isStalled else { return }
        link.isNew = false
        let bound = NIOLoopBound((hub: self, link: link), eventLoop: loop)
        ClientBootstrap(group: loop).connectTimeout(.seconds(10))
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { bound.value.link.attach(channel, .toClient) }
            }
            .connect(host: host, port: port).assumeIsolated().whenComplete { result in
                let (hub, link) = bound.value
                switch result {
                case .success: link.start()
                case .failure:
                    hub.counts.refused += 1
                    link.reset()
                }
            }
    }

    func passed(_ bytes: Int, _ direction: Fault.Direction) {
        switch direction {
        case .toServer: counts.bytesToServer += bytes
        case .toClient: counts.bytesToClient += bytes
        }
    }

    func ended(_ link: FaultLink) {
        if links.removeValue(forKey: ObjectIdentifier(link)) != nil { counts.open -= 1 }
    }
}
